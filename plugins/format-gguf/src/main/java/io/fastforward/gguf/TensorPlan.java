package io.fastforward.gguf;

/**
 * A tensor that a file holds.
 *
 * @param name as llama.cpp calls it
 * @param type how its numbers are stored
 * @param rows number of rows
 * @param columns numbers of a row
 * @param vector whether it has one dimension alone; then it has one row
 */
record TensorPlan(String name, TensorType type, int rows, int columns, boolean vector) {

    TensorPlan {
        if (!type.holds(columns)) {
            throw new IllegalArgumentException(name + " has rows of " + columns + " numbers, which is no multiple of "
                    + QuantizedBlock.SIZE + ", as " + type + " demands");
        }
        if (rows < 1 || columns < 1 || (vector && rows != 1)) {
            throw new IllegalArgumentException(name + " cannot be " + rows + " × " + columns);
        }
    }

    /** A matrix. */
    static TensorPlan matrix(String name, TensorType type, int rows, int columns) {
        return new TensorPlan(name, type, rows, columns, false);
    }

    /** A vector, which llama.cpp wants in single precision. */
    static TensorPlan vector(String name, int columns) {
        return new TensorPlan(name, TensorType.F32, 1, columns, true);
    }

    /** Its bytes in the file. */
    long bytes() {
        return Math.multiplyExact(type.rowBytes(columns), (long) rows);
    }
}
