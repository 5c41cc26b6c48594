package io.fastforward.forward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.model.Model;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.model.Policy;
import io.fastforward.testing.Backends;
import io.fastforward.testing.RandomLlama;
import io.fastforward.testing.RunningModel;
import io.fastforward.tokenizer.TokenWindows;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DecoderTest {

    private static final Policy DENSE = new Policy(List.of(3, 10, 3, 10));
    private static final List<Policy> POLICIES = List.of(
            DENSE, new Policy(List.of(1, 7, 3, 1)), new Policy(List.of(2, 10, 1, 4)), new Policy(List.of(3, 1, 2, 9)));

    /** Two chunks: one of as many windows as fit, and a smaller one. */
    private static final int LENGTH = 10;

    private static final int COUNT = HiddenStates.windowsPerChunk(LENGTH) + 7;

    private final ComputeBackend backend = Backends.cpu();
    private Model model;

    @BeforeAll
    void writeModel(@TempDir Path directory) {
        model = Model.open(new RandomLlama().write(directory));
    }

    @AfterAll
    void close() {
        model.close();
        backend.close();
    }

    @Test
    void logLikelihoodsAreLogSoftmaxOfTheLogits() {
        TokenWindows windows = RunningModel.randomWindows(model.spec(), 6, 3, 5);
        try (RunningModel running = new RunningModel(backend, model)) {
            double[] logLikelihoods = running.logLikelihoods(windows);
            assertThat(logLikelihoods).hasSize(18);
            for (int window = 0; window < 3; window++) {
                float[] logits =
                        running.logits(windows.subset(new int[] {window}).tokens());
                for (int position = 0; position < 5; position++) {
                    assertThat(logLikelihoods[window * 6 + position])
                            .isCloseTo(
                                    logSoftmax(logits, position * 20, windows.token(window, position + 1)),
                                    within(1e-5));
                }
                assertThat(logLikelihoods[window * 6 + 5]).isZero();
            }
        }
    }

    /** However little memory there is for hidden states, and whether layers stay loaded or not. */
    @Test
    void resultsDependOnNeitherMemoryNorStreaming() {
        TokenWindows windows = RunningModel.randomWindows(model.spec(), LENGTH, COUNT, 6);
        long windowBytes = LENGTH * 12L * Float.BYTES;
        List<List<double[]>> results = new ArrayList<>();
        try (LayerSource streamed = LayerSource.streamed(backend, model.spec(), model);
                LayerSource resident = LayerSource.resident(backend, model.spec(), model)) {
            results.add(logLikelihoods(resident, windows, Long.MAX_VALUE));
            results.add(logLikelihoods(resident, windows, 0));
            results.add(logLikelihoods(streamed, windows, 0));
            results.add(logLikelihoods(streamed, windows, 3L * COUNT * windowBytes)); // three policies, then one
        }
        List<double[]> first = results.getFirst();
        assertThat(first).hasSize(4);
        assertThat(first.get(1)).isNotEqualTo(first.get(0));
        for (List<double[]> other : results) {
            for (int policy = 0; policy < POLICIES.size(); policy++) {
                assertThat(other.get(policy)).containsExactly(first.get(policy), within(1e-6));
            }
        }
    }

    /** What they share is computed once; bit by bit, each gives what it gives alone. */
    @Test
    void policiesThatAgreeOnLeadingModulesShareThem() {
        TokenWindows windows = RunningModel.randomWindows(model.spec(), LENGTH, COUNT, 8);
        List<Policy> policies = List.of(
                new Policy(List.of(2, 7, 3, 1)),
                DENSE,
                new Policy(List.of(2, 7, 1, 4)),
                new Policy(List.of(3, 10, 3, 9)),
                new Policy(List.of(2, 6, 1, 4)),
                DENSE);
        double tokens = windows.tokens().length;
        try (LayerSource streamed = LayerSource.streamed(backend, model.spec(), model);
                LayerSource resident = LayerSource.resident(backend, model.spec(), model)) {
            for (LayerSource layers : List.of(streamed, resident)) {
                for (long bytes : new long[] {0, 3L * COUNT * LENGTH * 12 * Float.BYTES, Long.MAX_VALUE}) {
                    try (Decoder decoder = new Decoder(backend, layers, model.ends(), bytes)) {
                        List<double[]> together = decoder.logLikelihoods(windows, policies);
                        for (int i = 0; i < policies.size(); i++) {
                            assertThat(together.get(i))
                                    .isEqualTo(decoder.logLikelihoods(windows, List.of(policies.get(i)))
                                            .getFirst());
                        }
                        double[] costs = decoder.visit(windows, policies, (policy, first, part, states) -> {});
                        if (bytes == 0) { // one after the other
                            assertThat(costs)
                                    .containsExactly(
                                            new double[] {tokens, tokens, tokens, tokens, tokens, tokens},
                                            within(1e-6 * tokens));
                        } else if (bytes == Long.MAX_VALUE) {
                            assertThat(costs)
                                    .containsExactly(
                                            new double[] {tokens, tokens, tokens / 2, tokens / 4, 3 * tokens / 4, 0},
                                            within(1e-6 * tokens));
                        }
                    }
                }
            }
        }
    }

    private List<double[]> logLikelihoods(LayerSource layers, TokenWindows windows, long hiddenStateBytes) {
        try (Decoder decoder = new Decoder(backend, layers, model.ends(), hiddenStateBytes)) {
            return decoder.logLikelihoods(windows, POLICIES);
        }
    }

    @Test
    void aWindowOfAnyChunkGivesWhatItGivesAlone() {
        TokenWindows windows = RunningModel.randomWindows(model.spec(), LENGTH, COUNT, 7);
        int perChunk = HiddenStates.windowsPerChunk(LENGTH);
        try (RunningModel running = new RunningModel(backend, model)) {
            double[] all = running.losses(windows);
            for (int window : new int[] {0, perChunk - 1, perChunk, COUNT - 1}) {
                assertThat(running.losses(windows.subset(new int[] {window})))
                        .containsExactly(new double[] {all[window]}, within(1e-6));
            }
        }
    }

    @Test
    void aTokenOutsideTheVocabularyIsRefused() {
        try (RunningModel running = new RunningModel(backend, model)) {
            assertThatThrownBy(() -> running.logits(1, 20))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll("20", "vocabulary");
            assertThatThrownBy(() -> running.logits(-1)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    private static double logSoftmax(float[] logits, int first, int target) {
        double sum = 0;
        for (int i = first; i < first + 20; i++) {
            sum += Math.exp(logits[i]);
        }
        return logits[first + target] - Math.log(sum);
    }
}
