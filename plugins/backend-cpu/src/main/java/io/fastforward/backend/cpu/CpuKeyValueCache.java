package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.FloatView;
import io.fastforward.spi.backend.KeyValueCache;
import io.fastforward.spi.model.AttentionSpec;
import java.lang.foreign.Arena;

/**
 * Keys and values off the heap, a row for each token, group by group: {@code capacity × groups·headSize} and
 * {@code capacity × groups·valueSize}.
 */
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
        int groups = spec.groups(units);
        try {
            this.keys = FloatView.allocate(arena, capacity, Math.multiplyExact(groups, spec.headSize()));
            this.values = FloatView.allocate(arena, capacity, Math.multiplyExact(groups, spec.valueSize(units)));
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
                FloatView key = projected.at(row, layout.key(group));
                FloatView value = projected.at(row, layout.value(group, units));
                key.copyTo(keys.data(), key(group).index(length + row), spec.headSize());
                value.copyTo(values.data(), value(group).index(length + row), spec.valueSize(units));
            }
        }
        length += rows;
    }

    /** The keys of a KV group, from that of the first token on. */
    FloatView key(int group) {
        return keys.at(0, group * spec().headSize());
    }

    /** The values of a KV group, from that of the first token on. */
    FloatView value(int group) {
        return values.at(0, group * spec().valueSize(units));
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
