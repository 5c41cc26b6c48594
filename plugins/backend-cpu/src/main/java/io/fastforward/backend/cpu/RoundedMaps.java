package io.fastforward.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.fastforward.backend.cpu.algebra.FloatView;
import io.fastforward.backend.cpu.algebra.MatrixProducts;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;

/**
 * Products of numbers that were rounded to bfloat16 and are kept in single precision: the figures of bfloat16 where no
 * processor computes with it. Slower than {@link SingleMaps}, and for comparison.
 */
final class RoundedMaps implements MapProducts {

    private final MatrixProducts products;
    private final Scratch inputs = new Scratch();

    /** @param products multiply what was rounded */
    RoundedMaps(MatrixProducts products) {
        this.products = products;
    }

    @Override
    public Precision precision() {
        return Precision.BFLOAT16;
    }

    @Override
    public String description() {
        return "operands of linear maps rounded to bfloat16";
    }

    @Override
    public int mostRows() {
        return CpuResources.CHUNK_ROWS;
    }

    @Override
    public MapWeights allocate(Arena arena, int outputs, int width, boolean inputsVary) {
        return new Weights(new SingleMaps.Weights(products, FloatView.allocate(arena, outputs, width)));
    }

    @Override
    public void close() {
        inputs.close();
    }

    /** Some weights. */
    private final class Weights implements MapWeights {

        private final SingleMaps.Weights rounded;

        Weights(SingleMaps.Weights rounded) {
            this.rounded = rounded;
        }

        @Override
        public int block() {
            return rounded.block();
        }

        @Override
        public void write(CpuResources cpu, Matrix part, int firstOutput) {
            rounded.write(cpu, part, firstOutput);
            FloatView rows = rounded.rows().at(firstOutput, 0);
            round(cpu, rows, part.rows(), part.columns(), rows);
        }

        @Override
        public MapInput input(CpuResources cpu, FloatView x, int rows, int width) {
            FloatView copy = inputs.matrix(rows, width);
            round(cpu, x, rows, width, copy);
            return rounded.input(cpu, copy, rows, width);
        }

        @Override
        public void multiply(
                CpuResources cpu,
                MapInput x,
                int rows,
                int width,
                int firstOutput,
                int outputs,
                float beta,
                FloatView y,
                int worker) {
            rounded.multiply(cpu, x, rows, width, firstOutput, outputs, beta, y, worker);
        }
    }

    private static void round(CpuResources cpu, FloatView source, int rows, int columns, FloatView target) {
        cpu.forRows(rows, (row, count) -> {
            for (int i = row; i < row + count; i++) {
                for (int j = 0; j < columns; j++) {
                    float value = source.data().getAtIndex(JAVA_FLOAT, source.index(i) + j);
                    float rounded = Float.intBitsToFloat(DataType.toBfloat16(value) << 16);
                    target.data().setAtIndex(JAVA_FLOAT, target.index(i) + j, rounded);
                }
            }
        });
    }
}
