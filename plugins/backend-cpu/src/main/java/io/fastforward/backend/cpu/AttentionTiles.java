package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.FloatView;

/** Keys and values of some sequences, in tiles of consecutive keys, and the products with them. */
interface AttentionTiles {

    /** Most queries of a block. */
    int queries();

    /** Most keys of a tile. */
    int keys();

    /** Where the tile begins from which on a block that sees nothing before this key goes through the keys. */
    int start(int firstKey);

    /**
     * Begins a block.
     *
     * @param group whose keys and values its queries see
     * @param queries one head at {@code count} consecutive positions of the sequence
     * @param features where the block's features go, a row for each query
     * @param worker whose scratch memory is used, until it begins another block
     */
    Block block(int sequence, int group, FloatView queries, int count, FloatView features, int worker);

    /** Consecutive queries of one head, which go through the keys tile by tile. */
    interface Block {

        /** The products of queries and keys, {@code count × keys}; there until the next ones. */
        FloatView scores(int start, int keys);

        /** Sums up values with these weights, {@code count × keys}. */
        void add(FloatView weights, int start, int keys, boolean first);

        /** Where the values are summed up, {@code count × value size}. */
        FloatView sums();

        /** Nothing comes to the sums any more. */
        void finish();
    }
}
