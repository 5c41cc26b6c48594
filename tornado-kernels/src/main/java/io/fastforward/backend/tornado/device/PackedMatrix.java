package io.fastforward.backend.tornado.device;

import io.fastforward.backend.tornado.kernel.TensorProductKernel;

/**
 * A matrix on the device in bfloat16, in the order in which {@link io.fastforward.backend.tornado.kernel.RoundedProductKernel}
 * reads it: outputs rounded up to whole blocks, inputs to whole rounds of the kernel. What fills it up is never looked at.
 *
 * @param array the array of weights that holds it
 * @param region where in it, in numbers of 32 bits
 */
public record PackedMatrix(int array, Region region, int rows, int columns) implements WeightMatrix {

    private static final int ROUND = TensorProductKernel.DEPTH * TensorProductKernel.TILES;

    /** Numbers of 32 bits that a matrix takes. */
    static long elements(int rows, int columns) {
        long outputs = Math.ceilDiv((long) rows, TensorProductKernel.BLOCK) * TensorProductKernel.BLOCK;
        long inputs = Math.ceilDiv((long) columns, ROUND) * ROUND;
        return outputs * inputs / 2;
    }

    /** Numbers of 32 bits from one tile of inputs to the next. */
    int tileElements() {
        return Math.ceilDiv(rows, TensorProductKernel.BLOCK) * TensorProductKernel.BLOCK * TensorProductKernel.PAIRS;
    }

    /** Tiles of 8 outputs in a tile of inputs. */
    int outputTiles() {
        return Math.ceilDiv(rows, TensorProductKernel.BLOCK)
                * TensorProductKernel.BLOCK
                / TensorProductKernel.TILE_OUTPUTS;
    }

    /** Where the block begins whose first output it is. */
    int start(int firstOutput) {
        if (firstOutput % TensorProductKernel.BLOCK != 0) {
            throw new IllegalArgumentException("output " + firstOutput + " begins no block of "
                    + TensorProductKernel.BLOCK + " in packed weights");
        }
        return region.start() + firstOutput * TensorProductKernel.PAIRS;
    }

    @Override
    public void close() {
        region.close();
    }
}
