package io.fastforward.plugin;

import io.fastforward.spi.measure.Measured;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;

/** Tells whether there is NaN or infinity in matrices. */
final class FiniteNumbers {

    private FiniteNumbers() {}

    static boolean areIn(DoubleMatrix matrix) {
        for (int row = 0; row < matrix.rows(); row++) {
            for (int column = 0; column < matrix.columns(); column++) {
                if (!Double.isFinite(matrix.get(row, column))) {
                    return false;
                }
            }
        }
        return true;
    }

    static boolean areIn(Matrix matrix) {
        for (int row = 0; row < matrix.rows(); row++) {
            for (int column = 0; column < matrix.columns(); column++) {
                if (!Float.isFinite(matrix.get(row, column))) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Whether all weights of a module are finite, and everything that was measured on it. */
    static boolean areIn(ModuleView module) {
        return module.weights().maps().values().stream().allMatch(FiniteNumbers::areIn) && areIn(module.measured());
    }

    static boolean areIn(Measured measured) {
        return measured.moments().values().stream().allMatch(FiniteNumbers::areIn);
    }

    /** @throws IllegalArgumentException if they are not */
    static void require(ModuleView module) {
        if (!areIn(module)) {
            throw new IllegalArgumentException("the weights or the features that were measured are not finite");
        }
    }

    static boolean areIn(Linear map) {
        Matrix bias = map.bias();
        return areIn(map.weight()) && (bias == null || areIn(bias));
    }
}
