package io.fastforward.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.failure.FailureKind;
import io.fastforward.testing.Failures;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SamplingTest {

    private static final float[] LOGITS = {0, 2, 1, 2, -50};

    @Test
    void greedyTakesTheFirstOfTheLargest() {
        assertThat(new Sampling(0, 1).choose(LOGITS, new SplittableRandom(1))).isEqualTo(1);
        assertThat(new Sampling(0, 0.1).choose(LOGITS, new SplittableRandom(1))).isEqualTo(1);
    }

    /** Frequencies of 40,000 draws; their standard deviation is at most 0.0025. */
    @Test
    void drawsAreAsFrequentAsTheyAreLikely() {
        double temperature = 1.5;
        double[] expected = new double[LOGITS.length];
        double sum = 0;
        for (int i = 0; i < expected.length; i++) {
            expected[i] = Math.exp(LOGITS[i] / temperature);
            sum += expected[i];
        }
        double[] frequencies = frequencies(new Sampling(temperature, 1));
        for (int i = 0; i < expected.length; i++) {
            assertThat(frequencies[i]).isCloseTo(expected[i] / sum, within(0.0125));
        }
    }

    /** At temperature 1 the probabilities are 0.054, 0.400, 0.147, 0.400 and nothing: two of them reach 0.7. */
    @Test
    void onlyTheNucleusIsDrawnFrom() {
        double[] frequencies = frequencies(new Sampling(1, 0.7));
        assertThat(frequencies[1]).isCloseTo(0.5, within(0.0125));
        assertThat(frequencies[3]).isCloseTo(0.5, within(0.0125));
        double[] wider = frequencies(new Sampling(1, 0.85));
        assertThat(wider[2]).isGreaterThan(0.14);
        assertThat(wider[0]).isZero();
        assertThat(frequencies(new Sampling(1, 1e-9))).containsExactly(0, 1, 0, 0, 0);
    }

    @Test
    void theSeedDecides() {
        Sampling sampling = new Sampling(1, 1);
        SplittableRandom one = new SplittableRandom(5);
        SplittableRandom other = new SplittableRandom(5);
        for (int i = 0; i < 100; i++) {
            assertThat(sampling.choose(LOGITS, one)).isEqualTo(sampling.choose(LOGITS, other));
        }
    }

    @Test
    void logitsThatAreNotFiniteAreExplained() {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            Failures.expect(
                    FailureKind.NOT_FINITE,
                    () -> new Sampling(0, 1).choose(new float[] {1, bad}, new SplittableRandom(1)),
                    "logits");
        }
        Failures.expect(FailureKind.USAGE, () -> new Sampling(-1, 1), "<generate.temperature>", "-1");
        Failures.expect(FailureKind.USAGE, () -> new Sampling(Double.NaN, 1), "<generate.temperature>");
        Failures.expect(FailureKind.USAGE, () -> new Sampling(1, 0), "<generate.topP>", "0");
        Failures.expect(FailureKind.USAGE, () -> new Sampling(1, 1.01), "<generate.topP>", "1.01");
    }

    private static double[] frequencies(Sampling sampling) {
        SplittableRandom random = new SplittableRandom(7);
        int draws = 40_000;
        double[] frequencies = new double[LOGITS.length];
        for (int i = 0; i < draws; i++) {
            frequencies[sampling.choose(LOGITS, random)] += 1.0 / draws;
        }
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = Math.round(frequencies[i] * draws) / (double) draws;
        }
        return frequencies;
    }
}
