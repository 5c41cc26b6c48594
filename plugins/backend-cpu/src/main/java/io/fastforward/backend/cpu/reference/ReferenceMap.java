package io.fastforward.backend.cpu.reference;

import io.fastforward.spi.model.Linear;
import io.fastforward.spi.tensor.Matrix;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A linear map y = W x + b on the heap.
 *
 * @param weight W, one array a row
 * @param bias b; zeros if the map has none
 */
record ReferenceMap(float[][] weight, float[] bias) {

    static ReferenceMap of(Linear linear) {
        Matrix matrix = linear.weight();
        var weight = new float[matrix.rows()][];
        Arrays.setAll(weight, row -> row(matrix, row));
        return new ReferenceMap(weight, rowOrZeros(linear.bias(), matrix.rows()));
    }

    static float[] row(Matrix matrix, int row) {
        var values = new float[matrix.columns()];
        for (int column = 0; column < values.length; column++) {
            values[column] = matrix.get(row, column);
        }
        return values;
    }

    static float[] rowOrZeros(@Nullable Matrix row, int columns) {
        return row == null ? new float[columns] : row(row, 0);
    }

    /** Replaces leading rows or columns of W, and as much of b if it is given. */
    void replace(Linear linear) {
        Matrix leading = linear.weight();
        for (int row = 0; row < leading.rows(); row++) {
            System.arraycopy(row(leading, row), 0, weight[row], 0, leading.columns());
        }
        if (linear.bias() != null) {
            System.arraycopy(row(linear.bias(), 0), 0, bias, 0, leading.rows());
        }
    }

    /** The first {@code outputs} elements of W x + b, where x may be shorter than the rows of W. */
    double[] apply(double[] x, int outputs) {
        var y = new double[outputs];
        for (int output = 0; output < outputs; output++) {
            float[] row = weight[output];
            double sum = bias[output];
            for (int input = 0; input < x.length; input++) {
                sum += row[input] * x[input];
            }
            y[output] = sum;
        }
        return y;
    }
}
