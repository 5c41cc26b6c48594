package io.fastforward.record;

import io.fastforward.prune.PassShape;
import io.fastforward.spi.measure.HiddenStream;
import java.util.Map;
import java.util.Set;

/**
 * How far a pass over layers has come: the contents of {@code pass.json}.
 *
 * @param pass which of a run's passes it is
 * @param first the first layer that is kept
 * @param end the layer behind the last one that is kept
 * @param generation in the names of the files of hidden states, 0 or 1
 * @param hidden the SHA-256 of the file of each stream that is told apart behind the last kept layer
 */
record PassState(String pass, int first, int end, int generation, Map<HiddenStream, String> hidden) {

    PassState {
        hidden = Map.copyOf(hidden);
    }

    /**
     * Checks that some pass can have come so far.
     *
     * @throws IllegalArgumentException if not
     */
    void requireFits(String name, PassShape<?> shape) {
        if (!name.equals(pass)) {
            throw new IllegalArgumentException("it is of another pass");
        }
        if (first < 0 || first >= end || end >= shape.layers()) {
            throw new IllegalArgumentException("it has layers " + first + " to " + end + " of " + shape.layers());
        }
        if (generation != 0 && generation != 1) {
            throw new IllegalArgumentException("there is no generation " + generation);
        }
        Set<HiddenStream> streams = shape.streams();
        boolean together = hidden.size() == 1 && streams.containsAll(hidden.keySet());
        if (!together && !hidden.keySet().equals(streams)) {
            throw new IllegalArgumentException("it has the streams " + hidden.keySet() + ", the pass " + streams);
        }
    }
}
