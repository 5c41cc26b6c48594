package io.fastforward.sparsifiers;

import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.util.Arrays;
import java.util.Locale;

/** Where an iteration starts from. */
enum WarmStart {
    /** What SparseGPT makes of the map, with its defaults. */
    SPARSEGPT,
    /** What Wanda makes of it. */
    WANDA,
    /** What magnitudes make of it. */
    MAGNITUDE,
    /** The dense map. */
    DENSE;

    static final OptionSpec OPTION = OptionSpec.oneOf(
            "start",
            "where the iteration starts from",
            "sparsegpt",
            Arrays.stream(values()).map(WarmStart::word).toList());

    private String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The one that a user names. */
    static WarmStart named(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }

    /**
     * Makes the start out of dense weights, in place.
     *
     * @return which weights stay; for the dense start, those that rounding it would leave, which is not done yet
     */
    Mask start(DoubleMatrix weights, Pattern pattern, Problem problem, LinearAlgebra algebra) {
        if (this == SPARSEGPT) {
            return BrainSurgeon.DEFAULT.prune(problem.gram(), weights, pattern, problem.place(), algebra);
        }
        Mask mask = this == WANDA
                ? Wanda.mask(weights, norms(problem.gram()), pattern)
                : Mask.ofMap(weights.rows(), weights.columns(), pattern, Scores.magnitudes(weights));
        if (this != DENSE) {
            mask.applyTo(weights);
        }
        return mask;
    }

    private static double[] norms(DoubleMatrix gram) {
        double[] norms = new double[gram.rows()];
        Arrays.setAll(norms, j -> Math.sqrt(Math.max(0, gram.get(j, j))));
        return norms;
    }
}
