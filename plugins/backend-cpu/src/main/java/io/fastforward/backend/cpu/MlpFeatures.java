package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.FloatView;
import io.fastforward.backend.cpu.algebra.Tiling;
import io.fastforward.spi.model.MlpSpec;
import java.lang.foreign.MemorySegment;

/**
 * The features of an MLP module: products by tile, the activation while the tile is in the cache.
 *
 * @param cpu what it works with
 */
record MlpFeatures(CpuResources cpu) {

    void compute(CpuModule module, MlpSpec spec, int units, int rows, FloatView hidden, FloatView features) {
        for (int start = 0; start < rows; start += CpuResources.CHUNK_ROWS) {
            int count = Math.min(CpuResources.CHUNK_ROWS, rows - start);
            computeChunk(module, spec, units, count, hidden.at(start, 0), features.at(start, 0));
        }
    }

    private void computeChunk(
            CpuModule module, MlpSpec spec, int units, int chunkRows, FloatView hidden, FloatView features) {
        int width = spec.hiddenSize();
        FloatView x = cpu.normalize(module.norm(), hidden, chunkRows, width);
        CpuMap activated = module.inputs().getFirst();
        CpuMap up = module.inputs().getLast();
        MapInput input = up.weight().input(cpu, x, chunkRows, width);
        Tiling tiling = Tiling.of(chunkRows, units, up.weight().block());
        cpu.pool().forTiles(tiling, chunkRows, units, (row, rows, channel, channels, worker) -> {
            FloatView tile = features.at(row, channel);
            activated.apply(cpu, input.from(row), rows, width, channel, channels, 0, tile, worker);
            if (spec.gated()) {
                FloatView factors = cpu.first()[worker].matrix(rows, channels);
                up.apply(cpu, input.from(row), rows, width, channel, channels, 0, factors, worker);
                activateGated(spec, rows, channels, tile, factors);
            } else {
                for (int i = 0; i < rows; i++) {
                    cpu.kernels().activate(spec.activation(), tile.data(), tile.index(i), channels);
                }
            }
        });
    }

    private void activateGated(MlpSpec spec, int rows, int channels, FloatView gate, FloatView up) {
        MemorySegment factors = up.data();
        for (int i = 0; i < rows; i++) {
            cpu.kernels().activate(spec.activation(), gate.data(), gate.index(i), factors, up.index(i), channels);
        }
    }
}
