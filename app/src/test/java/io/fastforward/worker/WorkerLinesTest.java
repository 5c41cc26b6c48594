package io.fastforward.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor.Result;
import io.fastforward.spi.search.Workload;
import io.fastforward.spi.search.Workload.Choice;
import io.fastforward.spi.search.Workload.Measure;
import io.fastforward.spi.search.Workload.Objective;
import io.fastforward.spi.search.Workload.Question;
import io.fastforward.spi.search.Workload.RepairedMap;
import io.fastforward.testing.Failures;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkerLinesTest {

    private static final Workload WORKLOAD = new Workload(
            "/models/a \"b\"",
            Map.of("config.json", "ab"),
            AttentionUnit.QUERY_HEAD,
            List.of(List.of(1, 0), List.of(2, 0, 1)),
            new Workload.Windows(2, new int[] {1, 2, 3, 4}),
            List.of(new Question(List.of(new Choice(new int[] {1, 2}, 1), new Choice(new int[] {1, 3}, 1)), 1)),
            new Objective(Map.of(Measure.MARGIN, 0.25, Measure.NEGATIVE_LOG_LIKELIHOOD, 0.75)),
            Map.of(1, new RepairedMap(2, "/run/map", "cd")),
            "cpu",
            Precision.BFLOAT16,
            Map.of("spi", "2"));

    /** Arrays of tokens are equal only where they are the same one, so lines are compared. */
    @Test
    void aWorkloadComesAsItWasSent() {
        String line = WorkerLines.of(WORKLOAD);
        assertThat(line).doesNotContain("\n");
        Workload read = WorkerLines.workload(line, "a line");
        assertThat(read.windows().tokens()).containsExactly(1, 2, 3, 4);
        assertThat(read.questions().getFirst().choices().getLast().tokens()).containsExactly(1, 3);
        assertThat(read.objective()).isEqualTo(WORKLOAD.objective());
        assertThat(read.repairedMaps()).isEqualTo(WORKLOAD.repairedMaps());
        assertThat(read.order()).isEqualTo(WORKLOAD.order());
        assertThat(read.precision()).isEqualTo(Precision.BFLOAT16);
        assertThat(read.model()).isEqualTo(WORKLOAD.model());
    }

    @Test
    void batchesAndResultsComeToTheLastBit() {
        TrialBatch batch = new TrialBatch(List.of(0, 2), List.of(new Policy(List.of(1, 2)), new Policy(List.of(0, 3))));
        assertThat(WorkerLines.batch(WorkerLines.of(batch), "a line")).isEqualTo(batch);
        List<Result> results = List.of(
                new Result(List.of(Math.nextUp(0.1), 1e-300, Double.MIN_VALUE), 1.0 / 3),
                new Result(List.of(Double.NaN, Double.POSITIVE_INFINITY), 0));
        assertThat(WorkerLines.results(WorkerLines.answer(results), "a line")).isEqualTo(results);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "[]",
                "{\"windows\":[0]}",
                "{\"windows\":[],\"candidates\":[{\"retained\":[1,1]}]}",
                "{\"windows\":[0],\"candidates\":[{\"retained\":[1]}]}",
                "{\"windows\":[0],\"candidates\":[{\"retained\":[-1,1]}]}",
                "{\"windows\":[null],\"candidates\":[{\"retained\":[1,1]}]}",
                "{\"windows\":[0],\"candidates\":[{\"retained\":[1,1]}],\"more\":1}"
            })
    void whatIsNoBatchIsRefused(String line) {
        Failures.expect(
                FailureKind.BAD_RECORD,
                () -> WorkerLines.batch(line, "batch 7"),
                "batch 7 is not a batch of candidates: ");
    }
}
