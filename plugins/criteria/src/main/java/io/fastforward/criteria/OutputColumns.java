package io.fastforward.criteria;

import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.tensor.Matrix;
import java.util.Arrays;

/** The columns of a module's output map: the features of a part are consecutive columns. */
final class OutputColumns {

    private OutputColumns() {}

    /**
     * Mean over the rows of |W_ij|, for every column j.
     *
     * @throws IllegalArgumentException if W has another shape than the module, or holds NaN or infinity
     */
    static double[] meanMagnitudes(ModuleView module) {
        Matrix weight = module.weights().output().weight();
        ModuleSpec spec = module.spec();
        int columns = spec.features(spec.units());
        if (weight.rows() != spec.hiddenSize() || weight.columns() != columns) {
            throw new IllegalArgumentException(module.place() + ", output weight: must be " + spec.hiddenSize() + " × "
                    + columns + ", but is " + weight.rows() + " × " + weight.columns());
        }
        double[] means = module.outputMagnitudes().get().clone();
        for (int j = 0; j < columns; j++) {
            // Magnitudes cannot cancel: one look per column suffices.
            if (!Double.isFinite(means[j])) {
                throw new IllegalArgumentException(notFinite(module, weight, j));
            }
            means[j] /= weight.rows();
        }
        return means;
    }

    /** The sum of the columns' scores, for every part. */
    static double[] sumByPart(ModuleView module, double[] columnScores) {
        int width = module.spec().featuresPerPart();
        double[] sums = new double[module.spec().parts()];
        Arrays.setAll(
                sums,
                part -> Arrays.stream(columnScores, part * width, (part + 1) * width)
                        .sum());
        return sums;
    }

    private static String notFinite(ModuleView module, Matrix weight, int column) {
        int row = 0;
        while (Float.isFinite(weight.get(row, column))) {
            row++;
        }
        return module.place() + ", output weight: row " + row + ", column " + column + " is " + weight.get(row, column)
                + ", but a finite number was expected; the checkpoint is damaged";
    }
}
