package io.fastforward.model;

import io.fastforward.spi.tensor.Matrix;

/** Compares weights by their values, whatever their data types; looks no further than the first difference. */
final class EqualWeights {

    private EqualWeights() {}

    static boolean areEqual(Matrix a, Matrix b) {
        if (a.rows() != b.rows() || a.columns() != b.columns()) {
            return false;
        }
        for (int row = 0; row < a.rows(); row++) {
            if (!sameBytes(a.rowRange(row, 1), b.rowRange(row, 1)) && !sameValues(a, b, row)) {
                return false;
            }
        }
        return true;
    }

    private static boolean sameBytes(Matrix a, Matrix b) {
        long bytes = (long) a.columns() * a.type().bytes();
        return a.type() == b.type()
                && a.data().asSlice(0, bytes).mismatch(b.data().asSlice(0, bytes)) < 0;
    }

    private static boolean sameValues(Matrix a, Matrix b, int row) {
        for (int column = 0; column < a.columns(); column++) {
            if (a.get(row, column) != b.get(row, column)) { // 0 and −0 are equal
                return false;
            }
        }
        return true;
    }
}
