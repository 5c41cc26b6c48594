package io.fastforward.spi.prune;

import io.fastforward.spi.tensor.Matrix;

/** How many weights of a map are zero, and where. */
public sealed interface Pattern {

    /**
     * A pattern as a user writes it: a share of zeros, "0.5", or how many of so many consecutive weights of a row may be
     * something else, "2:4".
     *
     * @throws IllegalArgumentException if it is none of these; the message says what was expected
     */
    static Pattern parse(String text) {
        try {
            int colon = text.indexOf(':');
            return colon < 0
                    ? new Share(Double.parseDouble(text))
                    : new Groups(
                            Integer.parseInt(text.substring(0, colon)), Integer.parseInt(text.substring(colon + 1)));
        } catch (IllegalArgumentException e) { // what does not parse is one, too
            throw new IllegalArgumentException(
                    "a pattern is a share of zeros greater than 0 and less than 1, as 0.5, or N:M with 0 < N < M, as 2:4,"
                            + " but not '" + text + "'",
                    e);
        }
    }

    /** How many consecutive weights of a row are looked at together. */
    int groupSize(int columns);

    /** How many of them are zero. */
    int zerosInGroup(int columns);

    /** How many zeros a map gets that is looked at as a whole: where rows may have more and less, their rests add up. */
    long zerosInMap(int rows, int columns);

    /**
     * Checks that the rows of a map can have it.
     *
     * @throws IllegalArgumentException if they cannot
     */
    void requireFits(int columns);

    /** Whether a matrix has it: enough zeros, where they have to be. */
    boolean holdsIn(Matrix matrix);

    /**
     * Zeros anywhere in the map, as many as if every row had its share.
     *
     * @param share greater than 0, less than 1; of a row, as many weights as fit into it wholly
     */
    record Share(double share) implements Pattern {

        public Share {
            if (!(share > 0 && share < 1)) {
                throw new IllegalArgumentException("a share of zeros is greater than 0 and less than 1, not " + share);
            }
        }

        @Override
        public int groupSize(int columns) {
            return columns;
        }

        @Override
        public int zerosInGroup(int columns) {
            return (int) (share * columns);
        }

        @Override
        public long zerosInMap(int rows, int columns) {
            // Not fewer than by rows, whatever rounding does to the products.
            return Math.max((long) rows * zerosInGroup(columns), (long) (share * rows * columns));
        }

        @Override
        public void requireFits(int columns) {}

        @Override
        public boolean holdsIn(Matrix matrix) {
            long found = 0;
            for (int row = 0; row < matrix.rows(); row++) {
                found += zerosIn(matrix, row, 0, matrix.columns());
            }
            return found >= (long) matrix.rows() * zerosInGroup(matrix.columns());
        }

        @Override
        public String toString() {
            return String.valueOf(share);
        }
    }

    /**
     * Few weights in every group of consecutive ones of a row, which some hardware multiplies faster.
     *
     * @param others how many may be something else than zero, at least 1
     * @param size of how many, more than {@code others}
     */
    record Groups(int others, int size) implements Pattern {

        public Groups {
            if (others < 1 || size <= others) {
                throw new IllegalArgumentException("N:M needs 0 < N < M, but is " + others + ":" + size);
            }
        }

        @Override
        public int groupSize(int columns) {
            return size;
        }

        @Override
        public int zerosInGroup(int columns) {
            return size - others;
        }

        @Override
        public long zerosInMap(int rows, int columns) {
            return (long) rows * (columns / size) * (size - others);
        }

        @Override
        public void requireFits(int columns) {
            if (columns % size != 0) {
                throw new IllegalArgumentException("rows of " + columns + " weights are no groups of " + size);
            }
        }

        @Override
        public boolean holdsIn(Matrix matrix) {
            for (int row = 0; row < matrix.rows(); row++) {
                for (int first = 0; first < matrix.columns(); first += size) {
                    if (zerosIn(matrix, row, first, first + size) < size - others) {
                        return false;
                    }
                }
            }
            return true;
        }

        @Override
        public String toString() {
            return others + ":" + size;
        }
    }

    private static int zerosIn(Matrix matrix, int row, int from, int to) {
        int zeros = 0;
        for (int column = from; column < to; column++) {
            zeros += matrix.get(row, column) == 0 ? 1 : 0;
        }
        return zeros;
    }
}
