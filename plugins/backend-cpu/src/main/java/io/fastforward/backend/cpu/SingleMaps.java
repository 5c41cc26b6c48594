package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.FloatView;
import io.fastforward.backend.cpu.algebra.MatrixProducts;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;

/**
 * Weights in single precision, row by row.
 *
 * @param products multiply them
 */
record SingleMaps(MatrixProducts products) implements MapProducts {

    @Override
    public Precision precision() {
        return Precision.SINGLE;
    }

    @Override
    public String description() {
        return "";
    }

    @Override
    public int mostRows() {
        return Integer.MAX_VALUE; // nothing is made of them
    }

    @Override
    public MapWeights allocate(Arena arena, int outputs, int inputs, boolean inputsVary) {
        return new Weights(products, FloatView.allocate(arena, outputs, inputs));
    }

    @Override
    public void close() {}

    /** Some weights. */
    record Weights(MatrixProducts products, FloatView rows) implements MapWeights {

        @Override
        public int block() {
            return 1;
        }

        @Override
        public void write(CpuResources cpu, Matrix part, int firstOutput) {
            cpu.widen(part, rows.at(firstOutput, 0));
        }

        @Override
        public MapInput input(CpuResources cpu, FloatView x, int count, int inputs) {
            return new MapInput(x.data(), x.first(), x.stride());
        }

        @Override
        public void multiply(
                CpuResources cpu,
                MapInput x,
                int count,
                int inputs,
                int firstOutput,
                int outputs,
                float beta,
                FloatView y,
                int worker) {
            FloatView tokens = new FloatView(x.data(), x.first(), x.stride());
            products.multiplyByTransposed(count, outputs, inputs, tokens, rows.at(firstOutput, 0), beta, y);
        }
    }
}
