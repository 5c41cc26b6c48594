package io.fastforward.criteria;

import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.tensor.ColumnMagnitudes;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
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
        requireShape(module);
        return means(module, module.outputMagnitudes().get());
    }

    /**
     * Mean over the rows of W_ij², for every column j.
     *
     * @throws IllegalArgumentException as for {@link #meanMagnitudes}
     */
    static double[] meanSquares(ModuleView module) {
        return means(module, ColumnMagnitudes.squaresOf(requireShape(module)));
    }

    /**
     * W in double precision.
     *
     * @throws IllegalArgumentException as for {@link #meanMagnitudes}
     */
    static DoubleMatrix inDoublePrecision(ModuleView module, Arena arena) {
        Matrix weight = requireShape(module);
        DoubleMatrix wide = DoubleMatrix.allocate(arena, weight.rows(), weight.columns());
        double[] row = new double[weight.columns()];
        try (Arena scratch = Arena.ofConfined()) {
            Matrix narrow = Matrix.allocate(scratch, DataType.F32, 1, weight.columns());
            for (int i = 0; i < weight.rows(); i++) {
                weight.rowRange(i, 1).copyTo(narrow);
                for (int j = 0; j < row.length; j++) {
                    row[j] = narrow.get(0, j);
                    if (!Double.isFinite(row[j])) {
                        throw new IllegalArgumentException(notFinite(module, weight, j));
                    }
                }
                wide.writeRow(i, row, row.length);
            }
        }
        return wide;
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

    private static Matrix requireShape(ModuleView module) {
        Matrix weight = module.weights().output().weight();
        ModuleSpec spec = module.spec();
        int columns = spec.features(spec.units());
        if (weight.rows() != spec.hiddenSize() || weight.columns() != columns) {
            throw new IllegalArgumentException(module.place() + ", output weight: must be " + spec.hiddenSize() + " × "
                    + columns + ", but is " + weight.rows() + " × " + weight.columns());
        }
        return weight;
    }

    /** Of sums that cannot cancel: one look per column tells whether all its weights are finite. */
    private static double[] means(ModuleView module, double[] sums) {
        Matrix weight = module.weights().output().weight();
        double[] means = sums.clone();
        for (int j = 0; j < means.length; j++) {
            if (!Double.isFinite(means[j])) {
                throw new IllegalArgumentException(notFinite(module, weight, j));
            }
            means[j] /= weight.rows();
        }
        return means;
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
