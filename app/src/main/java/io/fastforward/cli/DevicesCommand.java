package io.fastforward.cli;

import io.fastforward.plugin.PluginKind;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.run.Devices;
import io.fastforward.spi.backend.Device;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Lists what can compute here, and for each backend that cannot, why and what to install. */
@Command(
        name = "devices",
        description = "Lists the devices that can compute, and for each backend that is missing why, and what to"
                + " install.",
        mixinStandardHelpOptions = true)
final class DevicesCommand implements Runnable {

    private static final double GIB = 1L << 30;

    @Mixin
    private CommonOptions common;

    /**
     * A device.
     *
     * @param id by which --device names it
     * @param name for people
     * @param backend that computes on it
     * @param memoryBytes of its own; 0: the host's
     * @param gpu whether it is one
     * @param automatic whether it may serve without being asked for
     */
    record Line(String id, String name, String backend, long memoryBytes, boolean gpu, boolean automatic) {}

    /**
     * A backend that has no device here.
     *
     * @param backend its id
     * @param reason why
     * @param hint what to do about it
     */
    record Missing(String backend, String reason, String hint) {}

    /**
     * All of it.
     *
     * @param devices that can compute
     * @param missing backends that have none
     */
    record Report(List<Line> devices, List<Missing> missing) {}

    @Override
    public void run() {
        PluginRegistry plugins = common.loadPlugins();
        Report report = new Report(
                Devices.all(plugins).stream().map(DevicesCommand::line).toList(),
                plugins.all(PluginKind.BACKEND).stream()
                        .flatMap(provider -> provider.drivers().entrySet().stream())
                        .filter(backend -> !backend.getValue().available())
                        .map(backend -> new Missing(
                                backend.getKey(),
                                backend.getValue().message(),
                                backend.getValue().hint()))
                        .toList());
        common.print(report, out -> {
            report.devices().forEach(device -> out.println(describe(device)));
            report.missing().stream()
                    .collect(Collectors.groupingBy(
                            missing -> missing.reason() + "; " + missing.hint(),
                            LinkedHashMap::new,
                            Collectors.mapping(Missing::backend, Collectors.joining(", "))))
                    .forEach((why, backends) -> out.println(backends + " missing: " + why));
        });
    }

    private static Line line(Device device) {
        return new Line(
                device.id(), device.name(), device.driver(), device.memoryBytes(), device.gpu(), device.automatic());
    }

    private static String describe(Line device) {
        String memory = device.memoryBytes() == 0
                ? "memory of this machine"
                : String.format(Locale.ROOT, "%.1f GiB", device.memoryBytes() / GIB);
        return String.format(
                Locale.ROOT,
                "%-12s %s; %s, %s%s",
                device.id(),
                device.name(),
                device.gpu() ? "GPU" : "CPU",
                memory,
                device.automatic() ? "" : "; only when asked for");
    }
}
