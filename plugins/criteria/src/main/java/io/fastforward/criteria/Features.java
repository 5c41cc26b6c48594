package io.fastforward.criteria;

import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.tensor.DoubleMatrix;

/** What was measured on a module's features, feature by feature, with a look at whether it can be true. */
final class Features {

    static final Wish SUMS = Wish.features(Moment.SUMS);
    static final Wish SQUARE_SUMS = Wish.features(Moment.SQUARE_SUMS);
    static final Wish GRAM = Wish.features(Moment.GRAM);

    private Features() {}

    /**
     * Mean over all tokens of x_j², for every feature j.
     *
     * @param wish square sums or the Gram matrix, whose diagonal they are
     * @throws IllegalArgumentException if one is negative or not finite
     */
    static double[] meanSquares(ModuleView module, Wish wish) {
        DoubleMatrix moment = module.measured().get(wish);
        double[] means = new double[moment.columns()];
        for (int j = 0; j < means.length; j++) {
            double sum = moment.get(moment.rows() == 1 ? 0 : j, j);
            if (!(sum >= 0 && sum < Double.POSITIVE_INFINITY)) {
                throw refused(module, "square sums", j, sum, "a finite number of at least 0");
            }
            means[j] = sum / module.measured().tokens();
        }
        return means;
    }

    /**
     * Mean over all tokens of x_j, for every feature j.
     *
     * @throws IllegalArgumentException if one is not finite
     */
    static double[] means(ModuleView module) {
        DoubleMatrix sums = module.measured().get(SUMS);
        double[] means = new double[sums.columns()];
        for (int j = 0; j < means.length; j++) {
            double sum = sums.get(0, j);
            if (!Double.isFinite(sum)) {
                throw refused(module, "sums", j, sum, "a finite number");
            }
            means[j] = sum / module.measured().tokens();
        }
        return means;
    }

    private static IllegalArgumentException refused(
            ModuleView module, String what, int feature, double found, String expected) {
        return new IllegalArgumentException(module.place() + ", " + what + " of the features: feature " + feature
                + " has " + found + ", but " + expected
                + " was expected; the model overflows on the calibration text");
    }
}
