package io.fastforward.spi.model;

/**
 * What of a map belongs to the {@linkplain ModuleSpec#parts() parts} of a module: part k has the consecutive rows, or
 * columns, from {@code k · width} on, whatever the order of the parts. So whoever moves, cuts, counts or fills up parts
 * needs no more than the list of these.
 *
 * @param role the map
 * @param axis whether a part has rows or columns of it
 * @param width how many of them, at least 1
 */
public record Coupling(MapRole role, Axis axis, int width) {

    public Coupling {
        if (width < 1) {
            throw new IllegalArgumentException("a part has at least one row or column, but got " + width);
        }
    }
}
