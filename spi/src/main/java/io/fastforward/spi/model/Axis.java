package io.fastforward.spi.model;

/** The two sides of a map's weights. */
public enum Axis {
    /** Its outputs, biases included. */
    ROWS,
    /** Its inputs. */
    COLUMNS
}
