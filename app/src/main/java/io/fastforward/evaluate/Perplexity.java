package io.fastforward.evaluate;

import io.fastforward.failure.FailureKind;
import io.fastforward.forward.Decoder;
import io.fastforward.spi.model.Policy;
import io.fastforward.tokenizer.TokenWindows;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Perplexity over non-overlapping windows: exp of the mean negative log-likelihood of all predicted tokens. A window of
 * n tokens predicts n − 1.
 *
 * @param perplexity the figure
 * @param meanNegativeLogLikelihood its natural logarithm
 * @param windows number of windows
 * @param windowLength tokens of each
 * @param predictedTokens number of predicted tokens
 * @param seconds wall time of the forward pass, layers' loading included
 */
public record Perplexity(
        double perplexity,
        double meanNegativeLogLikelihood,
        int windows,
        int windowLength,
        long predictedTokens,
        double seconds) {

    /** Runs a policy of a model over windows. */
    public static Perplexity measure(Decoder decoder, TokenWindows windows, Policy policy) {
        if (windows.length() < 2) {
            throw FailureKind.USAGE.failure(
                    "a window must have at least 2 tokens to predict anything, but has " + windows.length());
        }
        long start = System.nanoTime();
        double[] logLikelihoods =
                decoder.logLikelihoods(windows, List.of(policy)).getFirst();
        double seconds = (System.nanoTime() - start) / 1e9;
        double mean = meanNegativeLogLikelihood(logLikelihoods, windows);
        return new Perplexity(
                Math.exp(mean), mean, windows.count(), windows.length(), predictedTokens(windows), seconds);
    }

    /** The mean over all predicted tokens, summed in the order of the windows. */
    public static double meanNegativeLogLikelihood(double[] logLikelihoods, TokenWindows windows) {
        double sum = 0;
        for (double logLikelihood : logLikelihoods) {
            sum -= logLikelihood;
        }
        return sum / predictedTokens(windows);
    }

    /** The mean over the predicted tokens of each window. */
    public static List<Double> windowLosses(double[] logLikelihoods, TokenWindows windows) {
        int length = windows.length();
        return IntStream.range(0, windows.count())
                .mapToObj(window -> -Arrays.stream(logLikelihoods, window * length, (window + 1) * length)
                                .sum()
                        / (length - 1))
                .toList();
    }

    /** How many tokens some windows predict. */
    public static long predictedTokens(TokenWindows windows) {
        return (long) windows.count() * (windows.length() - 1);
    }

    /** Tokens that went through the model per second. */
    public double tokensPerSecond() {
        return (double) windows * windowLength / seconds;
    }

    /** Whether the model gave numbers at all. */
    public boolean isFinite() {
        return Double.isFinite(perplexity);
    }
}
