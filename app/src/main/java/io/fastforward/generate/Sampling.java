package io.fastforward.generate;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import java.util.Arrays;
import java.util.Comparator;
import java.util.random.RandomGenerator;

/**
 * How the next token is chosen. At temperature 0 the most likely one is taken, the first of equals. Else the logits are
 * divided by the temperature, and one of the most likely tokens is drawn whose probabilities together reach {@code topP}
 * (Holtzman et al., The Curious Case of Neural Text Degeneration, ICLR 2020: nucleus sampling).
 *
 * @param temperature 0 or more
 * @param topP in (0, 1]; 1 draws from all tokens
 */
public record Sampling(double temperature, double topP) {

    public Sampling {
        Setting.TEMPERATURE.require(temperature >= 0 && Double.isFinite(temperature), "at least 0", temperature);
        Setting.TOP_P.require(topP > 0 && topP <= 1, "greater than 0 and at most 1", topP);
    }

    /**
     * Chooses a token.
     *
     * @throws Failure if a logit is NaN or positive infinity, or none is finite
     */
    int choose(float[] logits, RandomGenerator random) {
        int best = best(logits);
        return temperature == 0 ? best : draw(logits, logits[best], random);
    }

    private static int best(float[] logits) {
        int best = 0;
        for (int i = 0; i < logits.length; i++) {
            if (Float.isNaN(logits[i])) {
                throw FailureKind.NOT_FINITE.failure("the model's logits are NaN; its weights or activations overflow");
            }
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        if (Float.isInfinite(logits[best])) {
            throw FailureKind.NOT_FINITE.failure("the model's logits are infinite; its activations overflow");
        }
        return best;
    }

    private int draw(float[] logits, float largest, RandomGenerator random) {
        double[] weights = new double[logits.length];
        Integer[] tokens = new Integer[logits.length];
        double sum = 0;
        for (int i = 0; i < weights.length; i++) {
            weights[i] = Math.exp((logits[i] - (double) largest) / temperature);
            tokens[i] = i;
            sum += weights[i];
        }
        Arrays.sort(
                tokens,
                Comparator.comparingDouble((Integer token) -> weights[token]).reversed());
        double nucleus = 0;
        int count = 0;
        while (count < tokens.length && nucleus < topP * sum) {
            nucleus += weights[tokens[count++]];
        }
        double drawn = random.nextDouble() * nucleus;
        for (int i = 0; i < count - 1; i++) {
            drawn -= weights[tokens[i]];
            if (drawn < 0) {
                return tokens[i];
            }
        }
        return tokens[count - 1];
    }
}
