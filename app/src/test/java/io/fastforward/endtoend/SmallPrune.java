package io.fastforward.endtoend;

import io.fastforward.testing.DemoModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The command line of a small run on the demo model: twelve batches, so that one can stop it in between. */
final class SmallPrune {

    static final int BATCH = 5;

    private SmallPrune() {}

    static String[] into(Path output, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "prune",
                DemoModel.directory().toString(),
                "--output",
                output.toString(),
                "--sparsity",
                "0.3",
                "--calibration",
                DemoModel.directory().resolve("calibration.txt").toString(),
                "--text-unit",
                "line",
                "--window",
                "64",
                "--scoring-windows",
                "4",
                "--repair-windows",
                "16",
                "--reward-windows",
                "2",
                "--evaluation-windows",
                "2",
                "--agent",
                "ppo",
                "--episodes",
                "60",
                "--option",
                "agent.batch=" + BATCH,
                "--seed",
                "7"));
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    /** How many lines a file has by now, such as the trials of a search that goes on; none if it is not there. */
    static long lineCount(Path file) {
        if (!Files.exists(file)) {
            return 0;
        }
        try (Stream<String> lines = Files.lines(file)) {
            return lines.count();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
