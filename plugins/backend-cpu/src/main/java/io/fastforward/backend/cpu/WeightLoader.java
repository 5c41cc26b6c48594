package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.FloatView;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Brings stored weights to where they are used, on all threads.
 *
 * @param cpu the threads
 * @param arena owns the memory of what is loaded
 */
record WeightLoader(CpuResources cpu, Arena arena) {

    /** The weights of a linear map; {@code inputsVary} as in {@link MapProducts#allocate}. */
    MapWeights loadMap(Matrix source, boolean inputsVary) {
        MapWeights target = cpu.maps().allocate(arena, source.rows(), source.columns(), inputsVary);
        target.write(cpu, source, 0);
        return target;
    }

    /** A copy in single precision without gaps between the rows. */
    FloatView load(Matrix source) {
        FloatView target = FloatView.allocate(arena, source.rows(), source.columns());
        cpu.widen(source, target);
        return target;
    }

    @Nullable
    MemorySegment loadRow(@Nullable Matrix source) {
        return source == null ? null : load(source).data();
    }
}
