package io.fastforward.worker;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Some cores of this machine with memory of their own, which they reach faster than that of others.
 *
 * @param number as Linux counts them
 * @param cores as Linux lists them: 0-15,32-47
 */
record NumaNode(int number, String cores) {

    private static final String DIRECTORY = "node";

    /** Those of this machine that have cores; none where that cannot be told. */
    static List<NumaNode> all() {
        return in(Path.of("/sys/devices/system/node"));
    }

    static List<NumaNode> in(Path directory) {
        List<NumaNode> nodes = new ArrayList<>();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                String name = String.valueOf(file.getFileName());
                if (name.matches(DIRECTORY + "\\d{1,6}")) {
                    String cores = Files.readString(file.resolve("cpulist")).strip();
                    if (cores.matches("[0-9,-]+")) {
                        nodes.add(new NumaNode(Integer.parseInt(name.substring(DIRECTORY.length())), cores));
                    }
                }
            }
        } catch (IOException _) {
            return List.of(); // not Linux, or not to be seen from here
        }
        nodes.sort(Comparator.comparingInt(NumaNode::number));
        return nodes;
    }

    /** What has to stand before a command for it to run here; nothing where there is no program that does that. */
    List<String> binding() {
        if (isProgram("numactl")) {
            return List.of("numactl", "--cpunodebind=" + number, "--preferred=" + number);
        }
        // Memory is taken from the node whose core touches it first.
        return isProgram("taskset") ? List.of("taskset", "--cpu-list", cores) : List.of();
    }

    private static boolean isProgram(String name) {
        return Optional.ofNullable(System.getenv("PATH")).stream()
                .flatMap(path -> Stream.of(path.split(File.pathSeparator)))
                .filter(directory -> !directory.isEmpty())
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, name)));
    }
}
