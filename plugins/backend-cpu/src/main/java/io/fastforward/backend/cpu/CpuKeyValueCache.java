package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.FloatView;
import io.fastforward.spi.backend.KeyValueCache;
import io.fastforward.spi.model.AttentionSpec;
import java.lang.foreign.Arena;

/** Keys and values off the heap, a row for each token: {@code capacity × groups·headSize} each. */
final class CpuKeyValueCache implements KeyValueCache {

    private final CpuModule module;
    private final int units;
    private final int capacity;
    private final Arena arena = Arena.ofShared();
    private final FloatView keys;
    private final FloatView values;
    private int length;

    CpuKeyValueCache(CpuModule module, int units, int capacity) {
        this.module = module;
        this.units = units;
        this.capacity = capacity;
        AttentionSpec spec = spec();
        int width = Math.multiplyExact(spec.groups(units), spec.headSize());
        try {
            this.keys = FloatView.allocate(arena, capacity, width);
            this.values = FloatView.allocate(arena, capacity, width);
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    CpuModule module() {
        return module;
    }

    AttentionSpec spec() {
        return (AttentionSpec) module.spec();
    }

    int units() {
        return units;
    }

    /** Adds the keys and values in rows of a projection. */
    void append(ProjectionLayout layout, FloatView projected, int rows) {
        AttentionSpec spec = spec();
        for (int row = 0; row < rows; row++) {
            for (int group = 0; group < spec.groups(units); group++) {
                int column = group * spec.headSize();
                long target = keys.index(length + row) + column; // values are laid out alike
                projected.at(row, layout.key(group)).copyTo(keys.data(), target, spec.headSize());
                projected.at(row, layout.value(group)).copyTo(values.data(), target, spec.headSize());
            }
        }
        length += rows;
    }

    FloatView keys() {
        return keys;
    }

    FloatView values() {
        return values;
    }

    @Override
    public int capacity() {
        return capacity;
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public void truncate(int tokens) {
        length = tokens;
    }

    @Override
    public void close() {
        arena.close();
    }
}
