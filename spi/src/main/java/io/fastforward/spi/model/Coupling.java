package io.fastforward.spi.model;

/**
 * What of a map belongs to the {@linkplain ModuleSpec#parts() parts} of a module: as many rows, or columns, of each. In
 * nested order the part that comes k-th has the consecutive ones from {@code k · width} on. So whoever moves, cuts,
 * counts or fills up parts needs no more than the list of these.
 *
 * <p>In a checkpoint the part with number k, counted as there, has them consecutively as well, unless some consecutive
 * parts are interleaved there: then their first ones come first, next to each other, then their second ones, and so on.
 *
 * @param role the map
 * @param axis whether a part has rows or columns of it
 * @param width how many of them, at least 1
 * @param interleaved how many consecutive parts are interleaved in a checkpoint; 1 if each is by itself
 */
public record Coupling(MapRole role, Axis axis, int width, int interleaved) {

    public Coupling {
        if (width < 1 || interleaved < 1) {
            throw new IllegalArgumentException("a part has at least one row or column and is interleaved with itself,"
                    + " but got " + width + " and " + interleaved);
        }
    }

    /** Parts that are by themselves in a checkpoint, too. */
    public Coupling(MapRole role, Axis axis, int width) {
        this(role, axis, width, 1);
    }

    /** In a checkpoint, the row or column that is one of those of a part. */
    public int stored(int part, int number) {
        int before = part % interleaved;
        return (part - before) * width + number * interleaved + before;
    }

    /** In nested order, the row or column that is one of those of the part that comes k-th. */
    public int nested(int k, int number) {
        return k * width + number;
    }
}
