package io.fastforward.criteria;

/** Arithmetic on rows of matrices as heap arrays. */
final class Rows {

    private Rows() {}

    /** target += factor · added. */
    static void addMultiple(double factor, double[] added, double[] target) {
        for (int i = 0; i < target.length; i++) {
            target[i] += factor * added[i];
        }
    }
}
