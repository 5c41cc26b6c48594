package io.fastforward.backend.tornado.kernel;

/**
 * A matrix that a test laid out in the device's memory.
 *
 * @param start where its first element is
 * @param values what was in it at first
 * @param rowStride elements from one row to the next
 * @param columnStride elements from one column to the next
 */
record Block(String name, int start, float[][] values, int rowStride, int columnStride) {

    /** How the elements follow each other. */
    enum Order {
        /** Row by row without gaps. */
        DENSE,
        /** Row by row with gaps. */
        ROWS,
        /** Column by column with gaps. */
        COLUMNS,
        /** With gaps between all elements. */
        SPREAD;

        Block place(String name, int start, float[][] values) {
            int rows = values.length;
            int columns = values[0].length;
            return switch (this) {
                case DENSE -> new Block(name, start, values, columns, 1);
                case ROWS -> new Block(name, start, values, columns + 3, 1);
                case COLUMNS -> new Block(name, start, values, 1, rows + 5);
                case SPREAD -> new Block(name, start, values, 2 * columns + 3, 2);
            };
        }
    }

    int rows() {
        return values.length;
    }

    int columns() {
        return values[0].length;
    }

    int index(int row, int column) {
        return start + row * rowStride + column * columnStride;
    }

    /** After its last element. */
    int end() {
        return index(rows() - 1, columns() - 1) + 1;
    }

    /** In words where something is. */
    String describe(int index) {
        int offset = index - start;
        if (index < start || index >= end()) {
            return "element " + offset + " from the start of '" + name + "', outside of it,";
        }
        boolean byRow = rowStride >= columnStride;
        int row = byRow ? offset / rowStride : offset % columnStride / rowStride;
        int column = byRow ? offset % rowStride / columnStride : offset / columnStride;
        return "row " + row + ", column " + column + " of '" + name + "'";
    }

    Approximation get(int row, int column) {
        return Approximation.exactly(values[row][column]);
    }
}
