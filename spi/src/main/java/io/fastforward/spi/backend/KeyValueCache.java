package io.fastforward.spi.backend;

/** Keys and values of the tokens so far of one sequence, in one attention module. */
public interface KeyValueCache extends DeviceObject {
    /** Most tokens that it holds. */
    int capacity();

    /** Number of tokens so far. */
    int length();

    /** Forgets all but the first tokens, {@code 0} to {@link #length()} of them. */
    void truncate(int tokens);
}
