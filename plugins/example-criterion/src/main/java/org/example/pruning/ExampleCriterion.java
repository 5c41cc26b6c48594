package org.example.pruning;

import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.Options;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.prune.Workbench;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.util.List;
import java.util.Set;

/** Between plain magnitude and Wanda: mean |weight| times (mean square of the feature) to the power of exponent ÷ 2. */
public final class ExampleCriterion implements Criterion {

    private static final Wish SQUARE_SUMS = Wish.features(Moment.SQUARE_SUMS);

    /** What FastForward finds, lists and asks for criteria. */
    public static final class Provider implements Criterion.Provider {

        @Override
        public String id() {
            return "example";
        }

        @Override
        public String description() {
            return "mean |weight| times a power of the feature's norm, summed over a unit's columns";
        }

        @Override
        public List<OptionSpec> options() {
            return List.of(OptionSpec.number(
                    "exponent", "of the norm: 0 is magnitude, 1 is Wanda", 0.5, OptionSpec.Range.between(0, 4)));
        }

        @Override
        public Criterion create(Options options) {
            return new ExampleCriterion(options.number("exponent"));
        }
    }

    private final double exponent;

    ExampleCriterion(double exponent) {
        this.exponent = exponent;
    }

    @Override
    public Set<Wish> wishes() {
        return Set.of(SQUARE_SUMS);
    }

    @Override
    public boolean dependsOnKept() {
        return false;
    }

    @Override
    public double[] score(ModuleView module, int kept, Workbench workbench) {
        double[] scores = new double[module.spec().parts()];
        double[] magnitudes = module.outputMagnitudes().get(); // Σ |W_ij| over the rows i of the output map
        DoubleMatrix squareSums = module.measured().get(SQUARE_SUMS);
        int columnsOfAPart = module.spec().featuresPerPart();
        for (int j = 0; j < magnitudes.length; j++) {
            double meanSquare = squareSums.get(0, j) / module.measured().tokens();
            scores[j / columnsOfAPart] += finite(magnitudes[j], "output weights", module)
                    / module.spec().hiddenSize()
                    * Math.pow(finite(meanSquare, "features", module), exponent / 2);
        }
        return scores;
    }

    private static double finite(double number, String what, ModuleView module) {
        if (!Double.isFinite(number)) {
            throw new IllegalArgumentException(module.place() + ": the " + what + " overflow");
        }
        return number;
    }
}
