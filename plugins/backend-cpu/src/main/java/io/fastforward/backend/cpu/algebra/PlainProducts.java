package io.fastforward.backend.cpu.algebra;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.util.Arrays;

/** Loops in plain Java over rows, which lie side by side in memory. Sums are in double precision and rounded once. */
public final class PlainProducts implements MatrixProducts {

    @Override
    public String description() {
        return "plain Java loops in double precision";
    }

    @Override
    public void multiplyByTransposed(int m, int n, int k, FloatView a, FloatView b, float beta, FloatView c) {
        var sums = new double[n];
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j += 4) {
                products(k, a, a.index(i), b, j, sums);
            }
            store(sums, beta, c, c.index(i));
        }
    }

    @Override
    public void multiply(int m, int n, int k, FloatView a, FloatView b, float beta, FloatView c) {
        addRows(m, n, k, a, a.stride(), 1, b, beta, c);
    }

    @Override
    public void multiplyTransposed(int m, int n, int k, FloatView a, FloatView b, FloatView c) {
        addRows(m, n, k, a, 1, a.stride(), b, 0, c);
    }

    /** Four sums, which a processor can make at once: products of a row and four others, of which the last may repeat. */
    private static void products(int k, FloatView a, long row, FloatView b, int first, double[] sums) {
        int second = Math.min(first + 1, sums.length - 1);
        int third = Math.min(first + 2, sums.length - 1);
        int fourth = Math.min(first + 3, sums.length - 1);
        long b0 = b.index(first);
        long b1 = b.index(second);
        long b2 = b.index(third);
        long b3 = b.index(fourth);
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        for (int l = 0; l < k; l++) {
            double factor = at(a, row + l);
            s0 += factor * at(b, b0 + l);
            s1 += factor * at(b, b1 + l);
            s2 += factor * at(b, b2 + l);
            s3 += factor * at(b, b3 + l);
        }
        sums[first] = s0;
        sums[second] = s1;
        sums[third] = s2;
        sums[fourth] = s3;
    }

    /** Sums of rows of b. Their factors in a lie some elements apart, from result to result and from term to term. */
    private static void addRows(
            int m, int n, int k, FloatView a, int row, int term, FloatView b, float beta, FloatView c) {
        var sums = new double[n];
        for (int i = 0; i < m; i++) {
            Arrays.fill(sums, 0);
            for (int l = 0; l < k; l++) {
                double factor = at(a, a.first() + (long) i * row + (long) l * term);
                long source = b.index(l);
                for (int j = 0; j < n; j++) {
                    sums[j] += factor * at(b, source + j);
                }
            }
            store(sums, beta, c, c.index(i));
        }
    }

    private static void store(double[] sums, float beta, FloatView target, long first) {
        for (int j = 0; j < sums.length; j++) {
            double sum = beta == 0 ? sums[j] : sums[j] + beta * at(target, first + j);
            target.data().setAtIndex(JAVA_FLOAT, first + j, (float) sum);
        }
    }

    private static double at(FloatView view, long index) {
        return view.data().getAtIndex(JAVA_FLOAT, index);
    }
}
