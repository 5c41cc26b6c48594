package io.fastforward.criteria;

import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.Options;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.prune.Workbench;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Fluctuation (An, Zhao, Yu, Tang, Wang: Fluctuation-based Adaptive Structured Pruning for Large Language Models, FLAP,
 * AAAI 2024, sections 3.2 and 3.3): how far a feature strays from its mean, for a mean can be made up for by a bias. Column j
 * of the output map W scores var_j · Σ_i W_ij², where var_j is the unbiased variance of feature j over all calibration
 * tokens of the dense model. Then the scores of a module's columns are standardised, (s − mean) ÷ standard deviation, both
 * over the columns of that module, so that modules compare: one threshold serves for the whole model (the agent
 * {@code threshold}).
 *
 * <p>In attention, the scores of the output map are squared before that, as in the authors' code, though not in the paper;
 * the option {@code attention} says otherwise.
 *
 * <p>A unit scores the mean over its columns: an MLP channel its only one, a KV group or a value dimension those of all its
 * query heads, and a query head of every group those of all these heads. Where a unit has several parts, a part scores the
 * mean over its columns ÷ the number of parts, so that the sum over the parts is that mean.
 *
 * <p>The authors sum variances up over windows by a running mean and skip the first window; over all tokens at once only
 * that noise is missing. If all columns score alike, they score 0.
 */
public final class Fluctuation implements Criterion {

    /** A variance below this share of the mean square is rounding: features are numbers of single precision. */
    private static final double ROUNDING = 0x1p-24;

    /** A deviation below this share of the largest score is rounding too. */
    private static final double SAME = 0x1p-40;

    private final boolean attentionSquared;

    Fluctuation(boolean attentionSquared) {
        this.attentionSquared = attentionSquared;
    }

    /** Finds it by its name. */
    public static final class Provider implements Criterion.Provider {

        private static final String SQUARED = "squared";
        private static final OptionSpec ATTENTION = OptionSpec.oneOf(
                "attention",
                "scores of attention's columns before they are standardised: squared, as in the authors' code, or plain",
                SQUARED,
                List.of(SQUARED, "plain"));

        @Override
        public String id() {
            return "fluctuation";
        }

        @Override
        public String description() {
            return "variance of the feature times the squared norm of its column, standardised in each module (FLAP, An et"
                    + " al., 2024)";
        }

        @Override
        public List<OptionSpec> options() {
            return List.of(ATTENTION);
        }

        @Override
        public Criterion create(Options options) {
            return new Fluctuation(options.text(ATTENTION.name()).equals(SQUARED));
        }
    }

    @Override
    public Set<Wish> wishes() {
        return Set.of(Features.SUMS, Features.SQUARE_SUMS);
    }

    @Override
    public boolean dependsOnKept() {
        return false;
    }

    @Override
    public double[] score(ModuleView module, int kept, Workbench workbench) {
        double[] scores = variances(module);
        double[] squares = OutputColumns.meanSquares(module);
        boolean squared = attentionSquared && module.spec() instanceof AttentionSpec;
        for (int j = 0; j < scores.length; j++) {
            double score = scores[j] * squares[j]; // the mean for the sum over i: a factor that standardising takes out
            scores[j] = squared ? score * score : score;
        }
        standardise(scores);
        int columnsOfUnit = module.spec().featuresPerUnit();
        return Arrays.stream(OutputColumns.sumByPart(module, scores))
                .map(sum -> sum / columnsOfUnit)
                .toArray();
    }

    /** The unbiased variance of every feature over all tokens. */
    private static double[] variances(ModuleView module) {
        long tokens = module.measured().tokens();
        if (tokens < 2) {
            throw new IllegalArgumentException(module.place() + ", features: " + tokens
                    + " calibration tokens have no variance; at least 2 were expected, so use more windows");
        }
        double[] means = Features.means(module);
        double[] variances = Features.meanSquares(module, Features.SQUARE_SUMS);
        for (int j = 0; j < variances.length; j++) {
            double variance = variances[j] - means[j] * means[j];
            variances[j] = variance <= ROUNDING * variances[j] ? 0 : variance * (tokens / (tokens - 1.0));
        }
        return variances;
    }

    /** Makes the mean 0 and the unbiased standard deviation 1, or all numbers 0 if they do not differ. */
    private static void standardise(double[] numbers) {
        double scale = Arrays.stream(numbers).max().orElseThrow();
        if (scale == 0) {
            return;
        }
        // Scaled first: the squares of large scores could overflow.
        for (int j = 0; j < numbers.length; j++) {
            numbers[j] /= scale;
        }
        double mean = Arrays.stream(numbers).average().orElseThrow();
        double squares =
                Arrays.stream(numbers).map(n -> (n - mean) * (n - mean)).sum();
        double deviation = Math.sqrt(squares / Math.max(1, numbers.length - 1));
        for (int j = 0; j < numbers.length; j++) {
            numbers[j] = deviation <= SAME ? 0 : (numbers[j] - mean) / deviation;
        }
    }
}
