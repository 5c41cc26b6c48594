package io.fastforward.backend.tornado.kernel;

/** Arrays that travel as a whole between host and device; a small one so that little things travel fast. */
public enum Stage {
    SMALL(1 << 14, -1),
    LARGE(1 << 22, -2);

    private final int elements;
    private final int source;

    Stage(int elements, int source) {
        this.elements = elements;
        this.source = source;
    }

    /** Numbers of 32 bits that it holds. */
    public int elements() {
        return elements;
    }

    /** The smallest one that holds so many numbers, or the largest. */
    public static Stage holding(long elements) {
        return elements <= SMALL.elements ? SMALL : LARGE;
    }

    /** The stage with a {@link #source()}. */
    public static Stage of(int source) {
        return source == SMALL.source ? SMALL : LARGE;
    }

    /** Where a kernel reads from, if it is this stage on its way to the device: less than 0, as others are arrays. */
    public int source() {
        return source;
    }
}
