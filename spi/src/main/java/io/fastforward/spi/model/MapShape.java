package io.fastforward.spi.model;

/**
 * A linear map of a module, without its weights.
 *
 * @param role what it does
 * @param rows its outputs
 * @param columns its inputs
 * @param bias whether it has a bias
 */
public record MapShape(MapRole role, int rows, int columns, boolean bias) {

    /** Weights and biases. */
    public long parameters() {
        return (long) rows * columns + (bias ? rows : 0);
    }

    /** Parameters of one row with its bias, or of one column: what goes with it. */
    public long parametersOf(Axis axis) {
        return switch (axis) {
            case ROWS -> columns + (bias ? 1L : 0);
            case COLUMNS -> rows;
        };
    }
}
