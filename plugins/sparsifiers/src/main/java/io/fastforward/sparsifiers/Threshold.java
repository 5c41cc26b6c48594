package io.fastforward.sparsifiers;

/**
 * What separates the lowest of many scores from the others. Found in four readings of the scores, sixteen bits each (a radix
 * select: the bits of positive numbers are in the order of the numbers), instead of by sorting a copy of them: for 5632 × 2048
 * scores, 0.1 s instead of 1 s.
 *
 * @param bits of the highest score that goes
 * @param equal how many of those that are equal to it go
 */
record Threshold(long bits, long equal) {

    private static final int DIGIT = 16;

    /** Separates so many of the lowest scores, at least 1. */
    static Threshold of(Scores scores, int rows, int columns, long count) {
        double[] row = new double[columns];
        long prefix = 0;
        long left = count;
        for (int shift = Long.SIZE - DIGIT; shift >= 0; shift -= DIGIT) {
            long[] numbers = new long[1 << DIGIT];
            for (int i = 0; i < rows; i++) {
                scores.read(i, row);
                for (double score : row) {
                    long bits = Double.doubleToRawLongBits(score);
                    if (shift == Long.SIZE - DIGIT || bits >>> (shift + DIGIT) == prefix) {
                        numbers[(int) (bits >>> shift) & (numbers.length - 1)]++;
                    }
                }
            }
            int digit = 0;
            while (numbers[digit] < left) {
                left -= numbers[digit++];
            }
            prefix = prefix << DIGIT | digit;
        }
        return new Threshold(prefix, left);
    }
}
