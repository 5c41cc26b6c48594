package io.fastforward.worker;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.failure.Reason;
import io.fastforward.nativelibrary.JavaProcess;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * How a worker is started.
 *
 * @param name what it is called in messages
 * @param words of the command
 * @param here whether it is a Java of this machine, with the options for Java of this process among its words
 */
record LaunchCommand(String name, List<String> words, boolean here) {

    /** Thousands of machines. */
    private static final int LARGEST = 1 << 20;

    private static final String MAIN = "io.fastforward.cli.FastForward";

    LaunchCommand {
        words = List.copyOf(words);
    }

    /**
     * Workers on this machine, as this process was started itself, which share its threads and memory. Each has a NUMA node of
     * its own, as far as these go.
     *
     * @param count how many; 0: one for each NUMA node
     */
    static List<LaunchCommand> here(int count, int threads, long memoryBytes) {
        List<NumaNode> nodes = NumaNode.all();
        int workers = count == 0 ? Math.max(1, nodes.size()) : count;
        List<String> java = new ArrayList<>();
        java.add(JavaProcess.program());
        java.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> !flag.startsWith("-agentlib") && !flag.startsWith("-javaagent"))
                .toList());
        java.addAll(List.of("-cp", System.getProperty("java.class.path"), MAIN));
        long each = memoryBytes / workers;
        List<String> arguments = List.of(
                "--parent=" + ProcessHandle.current().pid(),
                "--threads=" + Math.max(1, threads / workers),
                "--memory=" + each / (double) (1L << 30));
        List<LaunchCommand> commands = new ArrayList<>();
        for (int i = 0; i < workers; i++) {
            List<String> bound = nodes.size() > 1 ? nodes.get(i % nodes.size()).binding() : List.of();
            commands.add(of("worker " + (i + 1), Stream.concat(bound.stream(), java.stream()), arguments, true));
        }
        return commands;
    }

    /**
     * Workers that a user starts.
     *
     * @param file a command a line for a shell, each of which starts FastForward somewhere; empty lines and those that begin
     *     with # are passed over
     * @throws Failure if there is no command
     */
    static List<LaunchCommand> from(Path file) {
        List<LaunchCommand> commands = new ArrayList<>();
        for (String line : text(file).lines().toList()) {
            String command = line.strip();
            if (!command.isEmpty() && !command.startsWith("#")) {
                // The shell becomes the command, so that ending the one ends the other.
                Stream<String> shell = Stream.of("/bin/sh", "-c", "exec " + command + " \"$@\"", "sh");
                commands.add(of(
                        "worker " + (commands.size() + 1) + " (" + OneLine.of(command) + ")", shell, List.of(), false));
            }
        }
        if (commands.isEmpty()) {
            throw FailureKind.USAGE.failure("there is no command in '" + file
                    + "'; give one a line that starts FastForward, such as: ssh node1 fastforward");
        }
        return commands;
    }

    private static String text(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(LARGEST + 1);
            if (bytes.length > LARGEST) {
                throw FailureKind.USAGE.failure(
                        "'" + file + "' is no list of launchers: it has more than " + LARGEST + " bytes");
            }
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw FailureKind.USAGE.failure("the launchers in '" + file + "' are not UTF-8", e);
        } catch (IOException e) {
            throw FailureKind.NOT_FOUND.failure("the launchers in '" + file + "' cannot be read: " + Reason.of(e), e);
        }
    }

    /** Starts it. */
    Process start() throws IOException {
        return (here ? JavaProcess.of(words) : new ProcessBuilder(words)).start();
    }

    private static LaunchCommand of(String name, Stream<String> before, List<String> arguments, boolean here) {
        return new LaunchCommand(
                name,
                Stream.of(before, Stream.of("worker", "--workload=-"), arguments.stream())
                        .flatMap(words -> words)
                        .toList(),
                here);
    }
}
