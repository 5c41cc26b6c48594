package io.fastforward.backend.cpu.reference;

import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.Moments;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.Arena;

/** Moments summed up one product at a time. */
final class ReferenceMoments implements Moments {

    private final Moment kind;
    private final double[][] sums;
    private long tokens;

    ReferenceMoments(Moment kind, int leftWidth, int rightWidth) {
        this.kind = kind;
        this.sums = new double[kind == Moment.SUMS || kind == Moment.SQUARE_SUMS ? 1 : leftWidth][rightWidth];
    }

    @Override
    public void add(DeviceMatrix left, DeviceMatrix right, int rows) {
        for (int row = 0; row < rows; row++) {
            double[] y = ReferenceBackend.row(left, row);
            double[] x = ReferenceBackend.row(right, row);
            for (int i = 0; i < sums.length; i++) {
                for (int j = 0; j < sums[i].length; j++) {
                    sums[i][j] += switch (kind) {
                        case SUMS -> x[j];
                        case SQUARE_SUMS -> x[j] * x[j];
                        case GRAM, CROSS_GRAM -> y[i] * x[j];
                    };
                }
            }
        }
        tokens += rows;
    }

    @Override
    public long tokens() {
        return tokens;
    }

    @Override
    public DoubleMatrix read(Arena arena) {
        DoubleMatrix result = DoubleMatrix.allocate(arena, sums.length, sums[0].length);
        for (int i = 0; i < sums.length; i++) {
            for (int j = 0; j < sums[i].length; j++) {
                result.set(i, j, sums[i][j]);
            }
        }
        return result;
    }

    @Override
    public void close() {}
}
