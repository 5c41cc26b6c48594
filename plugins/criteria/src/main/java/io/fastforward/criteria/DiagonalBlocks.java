package io.fastforward.criteria;

/**
 * Square blocks on the diagonal of a symmetric matrix, one for the columns of each part.
 *
 * @param width columns of a part
 * @param elements block after block, both triangles
 */
record DiagonalBlocks(int width, double[] elements) {

    /** Zeros. */
    DiagonalBlocks(int parts, int width) {
        this(width, new double[Math.multiplyExact(parts, Math.multiplyExact(width, width))]);
    }

    /** Takes over what belongs to blocks of the row of a matrix that has the columns of all parts. */
    void setRow(int index, double[] row) {
        int part = index / width;
        System.arraycopy(row, part * width, elements, index * width, width);
    }

    /** Adds x xᵀ, of which the blocks are kept; x has the columns of all parts. */
    void addSquare(double[] x) {
        for (int i = 0; i < x.length; i++) {
            int first = i / width * width;
            for (int j = 0; j < width; j++) {
                elements[i * width + j] += x[i] * x[first + j];
            }
        }
    }

    /** Subtracts factor · (x yᵀ + y xᵀ) from the block of a part, whose columns begin in x and y at some index. */
    void subtractSymmetric(int part, double factor, double[] x, double[] y, int from) {
        for (int i = 0; i < width; i++) {
            int row = (part * width + i) * width;
            double xi = factor * x[from + i];
            double yi = factor * y[from + i];
            for (int j = 0; j < width; j++) {
                elements[row + j] -= xi * y[from + j] + yi * x[from + j];
            }
        }
    }

    /** The block of a part. */
    double[] copy(int part) {
        double[] block = new double[width * width];
        System.arraycopy(elements, part * block.length, block, 0, block.length);
        return block;
    }
}
