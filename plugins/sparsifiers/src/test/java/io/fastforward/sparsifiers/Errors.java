package io.fastforward.sparsifiers;

import io.fastforward.spi.measure.HiddenStream;
import io.fastforward.spi.measure.MapView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;

/** What a sparse map does otherwise than the dense one, from the moments, by textbook loops. */
final class Errors {

    private Errors() {}

    /** Σ ‖W′ x* − W x‖² where the dense stream's Gram matrix was measured, else without Σ ‖W x‖². */
    static double squared(MapView map, Matrix sparse) {
        Matrix dense = map.map().weight();
        double sum = product(sparse, map.moment(Moment.GRAM), sparse)
                - 2 * product(dense, map.moment(Moment.CROSS_GRAM, HiddenStream.DENSE), sparse);
        boolean whole = map.measured().moments().keySet().stream()
                .anyMatch(wish -> wish.moment() == Moment.GRAM && wish.stream() == HiddenStream.DENSE);
        return whole ? sum + product(dense, map.moment(Moment.GRAM, HiddenStream.DENSE), dense) : sum;
    }

    /** The gradient of half of it in one weight: W′ G − W C. */
    static double gradient(MapView map, Matrix sparse, int row, int column) {
        DoubleMatrix gram = map.moment(Moment.GRAM);
        DoubleMatrix cross = map.moment(Moment.CROSS_GRAM, HiddenStream.DENSE);
        double sum = 0;
        for (int k = 0; k < gram.rows(); k++) {
            sum += sparse.get(row, k) * gram.get(k, column) - map.map().weight().get(row, k) * cross.get(k, column);
        }
        return sum;
    }

    private static double product(Matrix left, DoubleMatrix moment, Matrix right) {
        double sum = 0;
        for (int row = 0; row < left.rows(); row++) {
            for (int i = 0; i < moment.rows(); i++) {
                for (int j = 0; j < moment.columns(); j++) {
                    sum += left.get(row, i) * moment.get(i, j) * right.get(row, j);
                }
            }
        }
        return sum;
    }
}
