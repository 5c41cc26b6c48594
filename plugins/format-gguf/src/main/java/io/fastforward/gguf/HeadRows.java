package io.fastforward.gguf;

/**
 * The two orders of the rows of queries and keys within a head: those of a pair that turns together are half a head apart, or
 * neighbours.
 *
 * @param headSize rows of a head, an even number
 */
record HeadRows(int headSize) {

    /** Where the row that has a place among neighbours is if pairs are half a head apart. */
    int split(int interleaved) {
        int within = interleaved % headSize;
        return interleaved - within + within / 2 + within % 2 * (headSize / 2);
    }

    /** The inverse. */
    int interleaved(int split) {
        int within = split % headSize;
        int half = headSize / 2;
        return split - within + within % half * 2 + within / half;
    }
}
