package io.fastforward.criteria;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Removes the parts of a module one by one, each time the one with the smallest {@link RemovalLoss}.
 *
 * <p>When column j goes, W becomes W − w_j gᵀ and V becomes V − d g gᵀ, with d = V_jj, g = V e_j ÷ d, w_j = W e_j. Losses ask
 * for P = WᵀW alone, so that is kept instead of W: it becomes P − g qᵀ − q gᵀ, with q = P e_j − ½ P_jj g. Only the blocks on
 * the diagonals, which the losses are made of, are brought up to date at once. A row of V and P that is asked for is worked
 * out from the removals since, and after some dozen of these the matrices follow, as products of matrices, without the columns
 * that are gone. One removal after the other would read and write both matrices each time: for 11008 channels two
 * gigabytes, 11008 times.
 */
final class Elimination {

    /**
     * Columns after whose removal the matrices follow: enough for products of matrices to run at speed, few enough that rows
     * are worked out from them at little cost.
     */
    private static final int COLUMNS_AT_ONCE = 64;

    /** Rows of the matrices that follow together. */
    private static final int ROWS = 512;

    /**
     * The removal of a column.
     *
     * @param pivot d
     * @param g {@code columns that the matrices have}
     * @param q likewise
     */
    private record Removal(double pivot, double[] g, double[] q) {}

    private final LinearAlgebra algebra;
    private final int width;
    private final DiagonalBlocks inverseBlocks;
    private final DiagonalBlocks squareBlocks;
    private final List<Removal> removals = new ArrayList<>();
    private DoubleMatrix inverse;
    private DoubleMatrix squares;

    /** The part at each place of the matrices. */
    private int[] parts;

    /** Whether it is removed from them, but for the matrices themselves. */
    private boolean[] removed;

    /**
     * An elimination that has not begun.
     *
     * @param width columns of a part
     * @param inverse V; used up
     * @param squares P; used up
     */
    Elimination(LinearAlgebra algebra, int width, DoubleMatrix inverse, DoubleMatrix squares) {
        this.algebra = algebra;
        this.width = width;
        this.inverse = inverse;
        this.squares = squares;
        int count = inverse.rows() / width;
        inverseBlocks = blocks(inverse, count);
        squareBlocks = blocks(squares, count);
        parts = new int[count];
        Arrays.setAll(parts, part -> part);
        removed = new boolean[count];
    }

    private DiagonalBlocks blocks(DoubleMatrix matrix, int count) {
        DiagonalBlocks blocks = new DiagonalBlocks(count, width);
        double[] row = new double[matrix.columns()];
        for (int i = 0; i < matrix.rows(); i++) {
            matrix.readRow(i, row, row.length);
            blocks.setRow(i, row);
        }
        return blocks;
    }

    /** For every part, what has been lost by the time that it has gone; the later, the more. NaN if V is not definite. */
    double[] lossesByRemoval() {
        double[] losses = new double[parts.length];
        double lost = 0;
        double score = 0;
        for (int left = losses.length; left > 0; left--) {
            int place = cheapest();
            double loss = RemovalLoss.of(parts[place], inverseBlocks, squareBlocks);
            lost += Math.max(0, loss);
            // Later is more even where nothing is lost, for the order is that of removal.
            score = Math.max(lost, Math.nextUp(score));
            losses[parts[place]] = Double.isNaN(loss) ? loss : score;
            if (left > 1) {
                remove(place);
            }
        }
        return losses;
    }

    /** The place of the part with the smallest loss, the first one of several; one without a loss if there is any. */
    private int cheapest() {
        int cheapest = -1;
        double least = Double.POSITIVE_INFINITY;
        for (int place = 0; place < parts.length; place++) {
            if (removed[place]) {
                continue;
            }
            double loss = RemovalLoss.of(parts[place], inverseBlocks, squareBlocks);
            if (cheapest < 0 || loss < least || Double.isNaN(loss)) {
                cheapest = place;
                least = Double.isNaN(loss) ? Double.NEGATIVE_INFINITY : loss;
            }
        }
        return cheapest;
    }

    private void remove(int place) {
        for (int column = place * width; column < (place + 1) * width; column++) {
            Removal removal = removal(column);
            for (int other = 0; other < parts.length; other++) {
                if (!removed[other]) {
                    int from = other * width;
                    inverseBlocks.subtractSymmetric(parts[other], 0.5 * removal.pivot, removal.g, removal.g, from);
                    squareBlocks.subtractSymmetric(parts[other], 1, removal.g, removal.q, from);
                }
            }
            removals.add(removal);
        }
        removed[place] = true;
        if (removals.size() >= COLUMNS_AT_ONCE) {
            follow();
        }
    }

    /** The removal of a column, after all those that the matrices have not followed yet. */
    private Removal removal(int column) {
        double[] g = row(inverse, column);
        removals.forEach(earlier -> Rows.addMultiple(-earlier.pivot * earlier.g[column], earlier.g, g));
        double pivot = g[column];
        for (int i = 0; i < g.length; i++) {
            g[i] /= pivot;
        }
        double[] q = row(squares, column);
        removals.forEach(earlier -> {
            Rows.addMultiple(-earlier.g[column], earlier.q, q);
            Rows.addMultiple(-earlier.q[column], earlier.g, q);
        });
        Rows.addMultiple(-0.5 * q[column], g, q);
        return new Removal(pivot, g, q);
    }

    private static double[] row(DoubleMatrix matrix, int index) {
        double[] row = new double[matrix.columns()];
        matrix.readRow(index, row, row.length);
        return row;
    }

    /** Brings the matrices up to date, without the columns that are gone. */
    private void follow() {
        int[] columns = leftColumns();
        int count = removals.size();
        try (Arena scratch = Arena.ofShared()) {
            DoubleMatrix left = DoubleMatrix.allocate(scratch, 2 * count, columns.length);
            DoubleMatrix right = DoubleMatrix.allocate(scratch, 2 * count, columns.length);
            for (int i = 0; i < count; i++) {
                Removal removal = removals.get(i);
                write(removal.g, 1, columns, left, i);
                write(removal.g, removal.pivot, columns, right, i);
            }
            inverse = follow(inverse, columns, left.leadingBlock(count, columns.length), right, scratch);
            for (int i = 0; i < count; i++) {
                Removal removal = removals.get(i);
                write(removal.q, 1, columns, left, count + i);
                write(removal.q, 1, columns, right, i);
                write(removal.g, 1, columns, right, count + i);
            }
            squares = follow(squares, columns, left, right, scratch);
        }
        parts = Arrays.stream(columns)
                .filter(column -> column % width == 0)
                .map(column -> parts[column / width])
                .toArray();
        removed = new boolean[parts.length];
        removals.clear();
    }

    private int[] leftColumns() {
        int[] columns = new int[inverse.columns()];
        int left = 0;
        for (int column = 0; column < columns.length; column++) {
            if (!removed[column / width]) {
                columns[left++] = column;
            }
        }
        return Arrays.copyOf(columns, left);
    }

    private static void write(double[] vector, double factor, int[] columns, DoubleMatrix target, int row) {
        double[] some = new double[columns.length];
        Arrays.setAll(some, i -> factor * vector[columns[i]]);
        target.writeRow(row, some, some.length);
    }

    /**
     * A matrix without some of its rows and columns, less leftᵀ · right, in the same memory.
     *
     * @param columns those that stay
     */
    private DoubleMatrix follow(
            DoubleMatrix matrix, int[] columns, DoubleMatrix left, DoubleMatrix right, Arena scratch) {
        int size = columns.length;
        DoubleMatrix factors = DoubleMatrix.allocate(scratch, Math.min(ROWS, size), left.rows());
        DoubleMatrix products = DoubleMatrix.allocate(scratch, Math.min(ROWS, size), size);
        double[] row = new double[matrix.columns()];
        double[] product = new double[size];
        for (int first = 0; first < size; first += ROWS) {
            int count = Math.min(ROWS, size - first);
            transpose(left, first, count, factors);
            algebra.multiply(
                    factors.leadingBlock(count, left.rows()),
                    right.leadingBlock(left.rows(), size),
                    products.leadingBlock(count, size));
            for (int i = 0; i < count; i++) {
                matrix.readRow(columns[first + i], row, row.length);
                products.readRow(i, product, size);
                for (int j = 0; j < size; j++) {
                    product[j] = row[columns[j]] - product[j];
                }
                matrix.writeRow(first + i, product, size); // no row that is still to be read: columns[i] ≥ i
            }
        }
        return matrix.leadingBlock(size, size);
    }

    private static void transpose(DoubleMatrix source, int firstColumn, int columns, DoubleMatrix target) {
        double[] row = new double[source.columns()];
        for (int i = 0; i < source.rows(); i++) {
            source.readRow(i, row, row.length);
            for (int j = 0; j < columns; j++) {
                target.set(j, i, row[firstColumn + j]);
            }
        }
    }
}
