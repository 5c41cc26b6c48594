package io.fastforward.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.run.Compute;
import io.fastforward.search.Schedule;
import io.fastforward.testing.Failures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AblationTest {

    private static final String HEAD = "models: one\ncalibration: text\n";

    @TempDir
    private Path directory;

    @BeforeEach
    void write() throws IOException {
        Files.createDirectory(directory.resolve("one"));
        Files.writeString(directory.resolve("text"), "a text");
    }

    @Test
    void oneSettingIsChangedAtATime() throws IOException {
        Ablation ablation = read(HEAD + """
                base: { plugins: { agent: ppo }, search: { schedule: BOTH } }
                vary: { search.schedule: [BOTH, NONE], plugins.criterion: [wanda, obs] }
                grid: { budget.sparsity: [0.3, 0.5] }
                seeds: [1, 2]
                """);
        assertThat(ablation.runs()).hasSize(3 * 2 * 2);
        assertThat(ablation.runs().stream().map(PlannedRun::name).distinct())
                .containsExactly("base", "schedule=NONE", "criterion=obs");
        PlannedRun last = ablation.runs().getLast();
        assertThat(last.request().settings().plugins().criterion()).isEqualTo("obs");
        assertThat(last.request().settings().search().schedule()).isEqualTo(Schedule.Kind.BOTH);
        assertThat(last.request().settings().seed()).isEqualTo(2);
        assertThat(last.settings())
                .containsExactly(
                        Map.entry("plugins.criterion", "obs"),
                        Map.entry("budget.sparsity", "0.5"),
                        Map.entry("seed", "2"));
        assertThat(ablation.changes().get("search.schedule"))
                .isEqualTo(Map.of("BOTH", "base", "NONE", "schedule=NONE"));
        assertThat(ablation.contexts())
                .containsExactly(Map.of("budget.sparsity", "0.3"), Map.of("budget.sparsity", "0.5"));
    }

    @Test
    void theTableHasMeansSpreadsAndDifferences() throws IOException {
        Ablation ablation = read(HEAD + "vary: { plugins.criterion: [wanda, obs] }\nseeds: [1, 2]\n");
        List<RunRow> rows = new ArrayList<>();
        double[] repaired = {2.0, 2.5, 3.0, 4.0};
        for (int i = 0; i < repaired.length - 1; i++) {
            PlannedRun run = ablation.runs().get(i);
            rows.add(new RunRow(run.model(), run.name(), run.settings(), figures(repaired[i]), 1.0, null));
        }
        PlannedRun failed = ablation.runs().getLast();
        List<List<String>> table = new AblationTable(ablation, rows).table().rows();
        assertThat(table.getFirst())
                .containsExactly(
                        "one", "plugins.criterion", "wanda", "2", "3.2500", "2.2500", "0.5000", "+0.0000", "7", "512");
        assertThat(table.getLast())
                .containsExactly(
                        "one", "plugins.criterion", "obs", "1", "4.0000", "3.0000", "-", "+0.7500", "7", "512");
        rows.add(RunRow.failed(failed, "no device"));
        assertThat(new AblationTable(ablation, rows).table().rows()).isEqualTo(table);
    }

    private static RunRow.Figures figures(double repaired) {
        return new RunRow.Figures(0.3, 10, 1.5, repaired + 1, repaired, null, null, 7, 512.0);
    }

    @Test
    void whatCannotBeComparedIsRefused() {
        Failures.expect(FailureKind.USAGE, () -> read(HEAD), "'vary' is missing");
        Failures.expect(
                FailureKind.USAGE,
                () -> read(HEAD + "vary: { seed: [1, 2] }\nseeds: [1, 2]"),
                "line 3",
                "'seed' is changed and in the grid");
        Failures.expect(
                FailureKind.USAGE,
                () -> read(HEAD + "vary: { budget.sparsity: [0.1] }\ngrid: { budget.sparsity: [0.2] }"),
                "'budget.sparsity' is changed and in the grid");
        Failures.expect(
                FailureKind.USAGE,
                () -> read(HEAD + "vary: { search.episodes: [many] }"),
                "search.episodes",
                "search/episodes");
        Failures.expect(FailureKind.USAGE, () -> read(HEAD + "runs: [{ name: a }]"), "'runs' is not known here");
    }

    private Ablation read(String text) throws IOException {
        return Ablation.read(
                Files.writeString(directory.resolve("file.yaml"), text),
                new RunTemplate(directory.resolve("out"), false, false, new Compute("cpu", 1, 1 << 30)));
    }
}
