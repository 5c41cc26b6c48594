package io.fastforward.spi.backend;

/**
 * The shape of a batch of token sequences: the hidden states of sequence s, position p are in row {@code s·length + p}.
 *
 * @param sequences number of sequences, at least 1
 * @param length tokens of each, at least 1
 */
public record BatchShape(int sequences, int length) {

    public BatchShape {
        if (sequences < 1 || length < 1) {
            throw new IllegalArgumentException("bad batch: " + sequences + " sequences of " + length + " tokens");
        }
        Math.multiplyExact(sequences, length);
    }

    /** Number of rows of its hidden states. */
    public int rows() {
        return sequences * length;
    }
}
