package io.fastforward.sparsifiers;

import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.util.BitSet;

/** Which weights of a map stay; the others are zero. Of equal scores, those of the earlier row and column go first. */
final class Mask {

    private final int columns;
    private final BitSet kept;

    private Mask(int rows, int columns) {
        this.columns = columns;
        this.kept = new BitSet(Math.multiplyExact(rows, columns));
        kept.set(0, rows * columns);
    }

    /** With everything in it. */
    static Mask whole(int rows, int columns) {
        return new Mask(rows, columns);
    }

    /** The lowest scores go: of a share, those of the whole map; else of every group. */
    static Mask ofMap(int rows, int columns, Pattern pattern, Scores scores) {
        Mask mask = new Mask(rows, columns);
        switch (pattern) {
            case Pattern.Share share -> mask.dropLowest(0, rows, 0, columns, share.zerosInMap(rows, columns), scores);
            case Pattern.Groups groups ->
                mask.dropInGroups(rows, groups.size(), groups.size() - groups.others(), scores);
        }
        return mask;
    }

    /** The lowest scores of every row go, or of every group. */
    static Mask ofRows(int rows, int columns, Pattern pattern, Scores scores) {
        Mask mask = new Mask(rows, columns);
        mask.dropInGroups(rows, pattern.groupSize(columns), pattern.zerosInGroup(columns), scores);
        return mask;
    }

    /**
     * So many of the lowest scores of some rows and columns go.
     *
     * @param scores of these columns
     */
    void dropLowest(int firstRow, int rows, int firstColumn, int count, long dropped, Scores scores) {
        if (dropped == 0) {
            return;
        }
        Threshold threshold = Threshold.of(scores, rows, count, dropped);
        double[] row = new double[count];
        long equal = threshold.equal();
        for (int i = 0; i < rows; i++) {
            scores.read(i, row);
            for (int j = 0; j < count; j++) {
                long bits = Double.doubleToRawLongBits(row[j]);
                if (bits < threshold.bits() || (bits == threshold.bits() && equal-- > 0)) {
                    drop(firstRow + i, firstColumn + j);
                }
            }
        }
    }

    private void dropInGroups(int rows, int size, int dropped, Scores scores) {
        double[] row = new double[columns];
        for (int i = 0; i < rows; i++) {
            scores.read(i, row);
            for (int first = 0; first < columns; first += size) {
                dropInGroup(i, first, row, first, size, dropped);
            }
        }
    }

    /**
     * The lowest scores of a group of consecutive weights of a row go.
     *
     * @param column of the first one
     * @param scores from {@code from} on; undefined afterwards
     */
    void dropInGroup(int row, int column, double[] scores, int from, int size, int dropped) {
        LowestScores.find(scores, from, size, dropped, j -> drop(row, column + j));
    }

    void drop(int row, int column) {
        kept.clear(row * columns + column);
    }

    boolean keeps(int row, int column) {
        return kept.get(row * columns + column);
    }

    /** Of consecutive rows, as {@link io.fastforward.spi.backend.LinearAlgebra#fitOnSupport} takes it. */
    BitSet rows(int first, int count) {
        return kept.get(first * columns, (first + count) * columns);
    }

    /** Sets what does not stay to zero. */
    void applyTo(DoubleMatrix weights) {
        int end = weights.rows() * columns;
        for (int gone = kept.nextClearBit(0); gone < end; gone = kept.nextClearBit(gone + 1)) {
            weights.set(gone / columns, gone % columns, 0);
        }
    }
}
