package io.fastforward.run;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Reason;
import io.fastforward.failure.Setting;
import io.fastforward.plugin.PluginEntry;
import io.fastforward.plugin.PluginKind;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.spi.backend.Availability;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.Device;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.backend.Precision;
import io.fastforward.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Looks at what a machine offers to runs, before one is begun that would fail or be slow. */
public final class Checkup {

    private static final double GIB = 1L << 30;

    /** Below that, not even the demo can be written. */
    private static final long LEAST_DISK = 64L << 20;

    private final List<Finding> findings = new ArrayList<>();

    private Checkup() {}

    /**
     * One thing that was looked at.
     *
     * @param subject what it is
     * @param found one line: what there is
     * @param advice what to install or change; empty if nothing is to be done
     * @param problem what runs would end with; null if they work
     */
    public record Finding(
            String subject,
            String found,
            String advice,
            @Nullable FailureKind problem) {}

    /**
     * Looks at everything; whatever is wrong is a finding.
     *
     * @param directory where runs are going to write
     */
    public static List<Finding> of(PluginRegistry plugins, Path directory) {
        Checkup checkup = new Checkup();
        checkup.fine("Java", Runtime.version() + ", " + System.getProperty("java.vm.vendor"));
        checkup.memory();
        checkup.devices(plugins);
        checkup.linearAlgebra(plugins);
        checkup.tokenizer();
        checkup.disk(directory);
        checkup.plugins(plugins);
        return List.copyOf(checkup.findings);
    }

    private void fine(String subject, String found) {
        findings.add(new Finding(subject, found, "", null));
    }

    private void problem(String subject, Failure failure) {
        findings.add(new Finding(subject, String.valueOf(failure.getMessage()), "", failure.kind()));
    }

    private void memory() {
        MemoryLimit limit = MemoryLimit.ofThisProcess();
        try {
            long plannable = limit.plannable(Runtime.getRuntime().maxMemory());
            fine(
                    "memory",
                    String.format(
                            Locale.ROOT,
                            "%.1f GiB%s, of which runs plan with %.1f GiB: models of up to %.2g billion parameters stay"
                                    + " loaded during a search, larger ones are read layer by layer",
                            limit.bytes() / GIB,
                            limit.controlGroup() ? " (the limit of the control group)" : "",
                            plannable / GIB,
                            plannable / 2.0 / Float.BYTES / 1e9));
        } catch (Failure e) {
            problem("memory", e);
        }
    }

    private void devices(PluginRegistry plugins) {
        List<Device> devices = Devices.all(plugins);
        devices.forEach(device -> fine(
                device.gpu() ? "GPU" : "CPU",
                device.name() + ", device '" + device.id() + "'"
                        + (device.automatic() ? "" : ", only when asked for")));
        List<ComputeBackend.Provider> providers = plugins.all(PluginKind.BACKEND);
        devices.stream().filter(Device::automatic).findFirst().ifPresent(first -> precision(providers, first));
        for (ComputeBackend.Provider provider : providers) {
            Availability availability = provider.probe();
            if (availability.available() && !availability.hint().isEmpty()) {
                findings.add(new Finding(provider.id(), availability.message(), availability.hint(), null));
            }
        }
        if (devices.stream().noneMatch(Device::automatic)) {
            findings.add(new Finding("device", "none that serves", "see the command 'devices'", FailureKind.DEVICE));
        }
        if (devices.stream().noneMatch(Device::gpu)) {
            missing(providers)
                    .forEach((why, drivers) -> findings.add(new Finding(
                            "GPU", "none by " + String.join(", ", drivers) + ": " + why.message(), why.hint(), null)));
        }
    }

    /** Whether the device that serves evaluates candidates faster in another precision than that of everything else. */
    private void precision(List<ComputeBackend.Provider> providers, Device device) {
        providers.stream()
                .filter(provider -> provider.devices().contains(device))
                .findFirst()
                .map(provider -> provider.support(device.id(), Precision.BFLOAT16))
                .ifPresent(support -> findings.add(new Finding(
                        "bfloat16",
                        support.message(),
                        support.faster() ? "search with " + Setting.PRECISION + " auto" : "",
                        null)));
    }

    private static Map<Availability, List<String>> missing(List<ComputeBackend.Provider> providers) {
        return providers.stream()
                .flatMap(provider -> provider.drivers().entrySet().stream())
                .filter(driver -> !driver.getValue().available())
                .collect(Collectors.groupingBy(
                        driver -> Availability.missing(
                                driver.getValue().message(), driver.getValue().hint(), null),
                        LinkedHashMap::new,
                        Collectors.mapping(Map.Entry::getKey, Collectors.toList())));
    }

    private void linearAlgebra(PluginRegistry plugins) {
        try {
            LinearAlgebra.Provider best = Devices.linearAlgebra(plugins);
            Availability availability = best.probe();
            findings.add(new Finding(
                    "linear algebra", best.id() + ": " + availability.message(), availability.hint(), null));
        } catch (Failure e) {
            problem("linear algebra", e);
        }
    }

    /** The native library that reads tokenizers, by letting it read one. */
    private void tokenizer() {
        try {
            Path directory = Files.createTempDirectory("fastforward-checkup-");
            try {
                Demo.unpackTokenizer(directory);
                try (Tokenizer tokenizer = Tokenizer.open(directory)) {
                    int tokens = tokenizer.encode("Once upon a time", false).length;
                    fine(
                            "tokenizers",
                            "the native library works, in a process of its own (" + tokens
                                    + " tokens in \"Once upon a time\")");
                }
            } finally {
                Demo.deleteTokenizer(directory);
            }
        } catch (Failure e) {
            problem("tokenizers", e);
        } catch (IOException e) {
            findings.add(new Finding(
                    "temporary files",
                    "cannot be written to '" + System.getProperty("java.io.tmpdir") + "': " + Reason.of(e),
                    "make room there, or name another directory in JAVA_TOOL_OPTIONS=-Djava.io.tmpdir=DIR",
                    FailureKind.STORAGE));
        }
    }

    private void disk(Path directory) {
        try {
            Path absolute = directory.toAbsolutePath();
            long free = Files.getFileStore(absolute).getUsableSpace();
            boolean full = free < LEAST_DISK;
            boolean closed = !Files.isWritable(absolute);
            findings.add(new Finding(
                    "disk",
                    String.format(
                            Locale.ROOT,
                            "%.1f GiB left for '%s'%s",
                            free / GIB,
                            absolute,
                            closed ? ", where this user may not write" : ""),
                    full || closed ? "run in another directory, or write to one with " + Setting.OUTPUT : "",
                    full || closed ? FailureKind.STORAGE : null));
        } catch (IOException e) {
            findings.add(new Finding("disk", Reason.of(e), "", FailureKind.STORAGE));
        }
    }

    private void plugins(PluginRegistry plugins) {
        long broken = 0;
        for (PluginEntry entry : plugins.entries()) {
            if (entry instanceof PluginEntry.Broken one) {
                broken++;
                findings.add(new Finding(
                        "plugin",
                        one.name() + " in " + one.origin() + " is broken: " + one.reason(),
                        "ask its author, or remove it",
                        FailureKind.PLUGIN));
            }
        }
        if (broken == 0) {
            fine("plugins", plugins.entries().size() + ", all of which can be used");
        }
    }
}
