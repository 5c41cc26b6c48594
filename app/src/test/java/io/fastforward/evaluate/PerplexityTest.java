package io.fastforward.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.failure.FailureKind;
import io.fastforward.model.Model;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.testing.Backends;
import io.fastforward.testing.Failures;
import io.fastforward.testing.RandomLlama;
import io.fastforward.testing.RunningModel;
import io.fastforward.tokenizer.TokenWindows;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PerplexityTest {

    /** Two windows of three tokens predict two each; the last positions hold 0 and do not count. */
    @Test
    void isTheMeanOverPredictedTokens() {
        TokenWindows windows = new TokenWindows(3, 2, new int[6]);
        double[] logLikelihoods = {-1, -2, 0, -3, -0.5, 0};
        assertThat(Perplexity.predictedTokens(windows)).isEqualTo(4);
        assertThat(Perplexity.meanNegativeLogLikelihood(logLikelihoods, windows))
                .isEqualTo(6.5 / 4);
    }

    @Test
    void ofAModelThatPrefersNoTokenIsTheSizeOfTheVocabulary(@TempDir Path directory) {
        RandomLlama llama = new RandomLlama();
        try (ComputeBackend backend = Backends.cpu();
                Model model = Model.open(llama.zero("lm_head.weight").write(directory));
                RunningModel running = new RunningModel(backend, model)) {
            TokenWindows windows = RunningModel.randomWindows(model.spec(), 5, 3, 1);
            Perplexity perplexity =
                    Perplexity.measure(running.decoder(), windows, model.spec().densePolicy());
            assertThat(perplexity.perplexity()).isCloseTo(20, within(1e-5));
            assertThat(perplexity.meanNegativeLogLikelihood()).isCloseTo(Math.log(20), within(1e-6));
            assertThat(perplexity.windows()).isEqualTo(3);
            assertThat(perplexity.windowLength()).isEqualTo(5);
            assertThat(perplexity.predictedTokens()).isEqualTo(12);
            assertThat(perplexity.seconds()).isPositive();
            assertThat(perplexity.tokensPerSecond()).isCloseTo(15 / perplexity.seconds(), within(1e-9));
            assertThat(perplexity.isFinite()).isTrue();
        }
    }

    @Test
    void ofABrokenModelIsNotFinite(@TempDir Path directory) {
        RandomLlama llama = new RandomLlama().poison("model.norm.weight", Float.NaN);
        try (ComputeBackend backend = Backends.cpu();
                Model model = Model.open(llama.write(directory));
                RunningModel running = new RunningModel(backend, model)) {
            TokenWindows windows = RunningModel.randomWindows(model.spec(), 5, 2, 1);
            assertThat(Perplexity.measure(
                                    running.decoder(), windows, model.spec().densePolicy())
                            .isFinite())
                    .isFalse();
        }
    }

    @Test
    void aWindowOfOneTokenPredictsNothing(@TempDir Path directory) {
        try (ComputeBackend backend = Backends.cpu();
                Model model = Model.open(new RandomLlama().write(directory));
                RunningModel running = new RunningModel(backend, model)) {
            Failures.expect(
                    FailureKind.USAGE,
                    () -> Perplexity.measure(
                            running.decoder(),
                            new TokenWindows(1, 2, new int[2]),
                            model.spec().densePolicy()),
                    "at least 2 tokens",
                    "1");
        }
    }
}
