package io.fastforward.backend.cpu;

import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.Arena;

/** Moments summed up one product at a time. */
final class ReferenceMoments extends HostMoments {

    private final double[][] sums;

    ReferenceMoments(Moment kind, int leftWidth, int rightWidth) {
        super(kind, leftWidth, rightWidth);
        this.sums = new double[rows()][rightWidth];
    }

    @Override
    void addRows(HostMatrix left, HostMatrix right, int rows) {
        for (int row = 0; row < rows; row++) {
            double[] y = ReferenceBackend.row(left, row);
            double[] x = ReferenceBackend.row(right, row);
            switch (kind()) {
                case SUMS -> {
                    for (int i = 0; i < rightWidth(); i++) {
                        sums[0][i] += x[i];
                    }
                }
                case SQUARE_SUMS -> {
                    for (int i = 0; i < rightWidth(); i++) {
                        sums[0][i] += x[i] * x[i];
                    }
                }
                case GRAM, CROSS_GRAM -> {
                    for (int i = 0; i < leftWidth(); i++) {
                        for (int j = 0; j < rightWidth(); j++) {
                            sums[i][j] += y[i] * x[j];
                        }
                    }
                }
            }
        }
    }

    @Override
    public DoubleMatrix read(Arena arena) {
        DoubleMatrix result = DoubleMatrix.allocate(arena, sums.length, rightWidth());
        for (int i = 0; i < sums.length; i++) {
            for (int j = 0; j < rightWidth(); j++) {
                result.set(i, j, sums[i][j]);
            }
        }
        return result;
    }

    @Override
    public void close() {}
}
