package io.fastforward.model;

import io.fastforward.checkpoint.Checkpoint;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.spi.tensor.Matrix;
import java.util.List;
import java.util.stream.Stream;

/**
 * Under which names a checkpoint stores the tensors of an architecture. A checkpoint that was saved from the class
 * without a head lacks the prefix of the base model, one that was saved from a wrapper may have it twice; transformers
 * adds and removes it once, tensor by tensor, and so does this.
 */
final class StoredNames {

    /** {@code base_model_prefix} of all families. */
    private static final String PREFIX = "model.";

    private final Checkpoint checkpoint;

    StoredNames(Checkpoint checkpoint) {
        this.checkpoint = checkpoint;
    }

    /** Whether a tensor is stored under any of its names. */
    boolean contains(String name) {
        return !stored(name).isEmpty();
    }

    /**
     * The name under which a tensor is stored, or its proper one if it is not stored at all.
     *
     * @throws Failure if it is stored under several names with different values: transformers would take one by the
     *     order of the alphabet
     */
    String of(String name) {
        List<String> stored = stored(name);
        if (stored.size() > 1) {
            requireEqual(name, stored);
        }
        return stored.isEmpty() ? name : stored.getFirst();
    }

    /** All names under which a tensor is stored. */
    List<String> stored(String name) {
        Stream<String> withoutPrefix =
                name.startsWith(PREFIX) ? Stream.of(name.substring(PREFIX.length())) : Stream.empty();
        return Stream.concat(Stream.of(name, PREFIX + name), withoutPrefix)
                .filter(checkpoint::contains)
                .toList();
    }

    private void requireEqual(String name, List<String> stored) {
        Matrix first = checkpoint.tensor(stored.getFirst()).matrix();
        for (String other : stored.subList(1, stored.size())) {
            if (!EqualWeights.areEqual(first, checkpoint.tensor(other).matrix())) {
                throw FailureKind.BAD_CHECKPOINT.failure(
                        checkpoint.directory() + ": tensors '" + OneLine.of(stored.getFirst()) + "' and '"
                                + OneLine.of(other) + "' are both the '" + OneLine.of(name)
                                + "' of the model, but differ; remove the one that does not belong to it");
            }
        }
    }
}
