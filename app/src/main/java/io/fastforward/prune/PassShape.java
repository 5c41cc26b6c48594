package io.fastforward.prune;

import io.fastforward.spi.measure.HiddenStream;
import java.util.List;
import java.util.Set;

/**
 * What a pass over the layers of a model is, as far as what is kept of it has to fit.
 *
 * @param layers how many there are
 * @param streams of hidden states that move through them; none if nothing is measured, or layers start from copies
 * @param tokens of the windows
 * @param hiddenSize numbers of a token's hidden state
 * @param check of what a layer gave
 * @param <T> what a layer gives beside maps
 */
public record PassShape<T>(int layers, Set<HiddenStream> streams, int tokens, int hiddenSize, Check<T> check) {

    public PassShape {
        streams = Set.copyOf(streams);
    }

    /** Knows what a layer may have given. */
    @FunctionalInterface
    public interface Check<T> {

        /**
         * Checks it.
         *
         * @param maps that the layer replaced
         * @throws IllegalArgumentException if the pass cannot have got that of the layer
         */
        void requireFits(int layer, T outcome, List<MapLayout> maps);
    }
}
