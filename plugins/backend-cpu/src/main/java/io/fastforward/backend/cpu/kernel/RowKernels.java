package io.fastforward.backend.cpu.kernel;

import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.tensor.DataType;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Everything between the matrix products, one row of single-precision numbers at a time. A row is some memory, the
 * index of its first element there, and a length.
 */
public interface RowKernels {

    /** The module that holds the Vector API. */
    String VECTOR_MODULE = "jdk.incubator.vector";

    /** Why the vectorised kernels cannot be used; empty if they can. */
    static Optional<String> missingVectorApi() {
        return ModuleLayer.boot().findModule(VECTOR_MODULE).isPresent()
                ? Optional.empty()
                : Optional.of("Java runs without the module " + VECTOR_MODULE + ", so all but matrix products is slow");
    }

    /** The fastest ones that this Java virtual machine can run. */
    static RowKernels best() {
        return missingVectorApi().isEmpty() ? new SimdKernels() : new ScalarKernels();
    }

    /** What they are, for people. */
    String description();

    /** target = source, converted to single precision. */
    void widen(DataType type, MemorySegment source, long sourceByte, MemorySegment target, long first, int length);

    /** target = normalised source. */
    void normalize(
            Normalization normalization,
            MemorySegment weight,
            @Nullable MemorySegment bias,
            MemorySegment source,
            long sourceFirst,
            MemorySegment target,
            long first,
            int length);

    /** target += source. */
    void add(MemorySegment source, long sourceFirst, MemorySegment target, long first, int length);

    /** x = activation(x). */
    void activate(Activation activation, MemorySegment x, long first, int length);

    /** gate = activation(gate) ⊙ up. */
    void activate(Activation activation, MemorySegment gate, long first, MemorySegment up, long upFirst, int length);

    /** Turns the first {@code 2·half} elements; {@code table} has {@code half} cosines, then as many sines. */
    void rotate(MemorySegment x, long first, MemorySegment table, long tableFirst, int half);

    /** The largest element; a NaN may go unnoticed. */
    float maximum(MemorySegment x, long first, int length);

    /** x = exp(scale · (x − shift)); returns the sum. */
    double exponentials(MemorySegment x, long first, int length, float shift, float scale);

    /** The largest element; NaN if any is infinite or NaN. */
    float finiteMaximum(MemorySegment x, long first, int length);

    /** Σ exp(x − shift). */
    double sumOfExponentials(MemorySegment x, long first, int length, float shift);

    /** target = factor · source. */
    void scale(float factor, MemorySegment source, long sourceFirst, MemorySegment target, long first, int length);

    /** sums += x, in double precision. */
    void accumulate(MemorySegment x, long first, MemorySegment sums, long sumsFirst, int length);

    /** sums += x², in double precision. */
    void accumulateSquares(MemorySegment x, long first, MemorySegment sums, long sumsFirst, int length);
}
