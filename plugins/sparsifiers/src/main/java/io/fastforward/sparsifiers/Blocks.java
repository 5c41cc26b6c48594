package io.fastforward.sparsifiers;

import io.fastforward.spi.tensor.DoubleMatrix;
import java.util.function.BiConsumer;

/** Work on many rows, some at a time. */
final class Blocks {

    /**
     * Rows of weights that are worked on together: enough for a matrix product to run at full speed, few enough that
     * scratch memory stays small against the Gram matrix of a large model.
     */
    static final int ROWS = 512;

    private Blocks() {}

    /** Does something with all rows of a matrix, some at a time: the first one's number, and how many. */
    static void forRows(int rows, BiConsumer<Integer, Integer> block) {
        for (int first = 0; first < rows; first += ROWS) {
            block.accept(first, Math.min(ROWS, rows - first));
        }
    }

    /** Copies all elements to a matrix of the same shape. */
    static void copy(DoubleMatrix source, DoubleMatrix target) {
        double[] row = new double[source.columns()];
        for (int i = 0; i < source.rows(); i++) {
            source.readRow(i, row, row.length);
            target.writeRow(i, row, row.length);
        }
    }
}
