package io.fastforward.testkit;

import io.fastforward.spi.measure.HiddenStream;
import io.fastforward.spi.measure.Measured;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Tap;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Sums over rows that are there, as the engine sums up on a device.
 *
 * @param own for each tap the rows of the module's own stream, {@code tokens × width}
 * @param dense those of the dense stream; the same ones if there is a single stream. Rows of {@link Tap#RESIDUAL} are what the
 *     dense stream has over the own one; if there are none, what is wished of them is not measured
 */
record Sums(Map<Tap, double[][]> own, Map<Tap, double[][]> dense) {

    Measured measured(Set<Wish> wishes, Arena arena) {
        Map<Wish, DoubleMatrix> sums = new HashMap<>();
        Map<Wish, DoubleMatrix> answers = new HashMap<>();
        for (Wish wish : wishes) {
            if (wish.tap() == Tap.RESIDUAL && !dense.containsKey(Tap.RESIDUAL)) {
                continue;
            }
            Wish summed = own.equals(dense) ? wish.onSingleStream() : wish;
            answers.put(wish, sums.computeIfAbsent(summed, key -> sum(key, arena)));
        }
        return new Measured(wishes.isEmpty() ? 0 : own.values().iterator().next().length, answers);
    }

    /** With a gap between the rows. */
    private DoubleMatrix sum(Wish wish, Arena arena) {
        double[][] left = rows(wish.stream(), wish.tap());
        double[][] right = wish.moment() == Moment.CROSS_GRAM ? rows(HiddenStream.OWN, wish.rightTap()) : left;
        int width = right[0].length;
        int height = wish.moment() == Moment.GRAM || wish.moment() == Moment.CROSS_GRAM ? left[0].length : 1;
        DoubleMatrix sum = DoubleMatrix.allocate(arena, height, width + 2).leadingBlock(height, width);
        for (int i = 0; i < height; i++) {
            for (int j = 0; j < width; j++) {
                double total = 0;
                for (int t = 0; t < left.length; t++) {
                    total += switch (wish.moment()) {
                        case SUMS -> right[t][j];
                        case SQUARE_SUMS -> right[t][j] * right[t][j];
                        case GRAM, CROSS_GRAM -> left[t][i] * right[t][j];
                    };
                }
                sum.set(i, j, total);
            }
        }
        return sum;
    }

    private double[][] rows(HiddenStream stream, Tap tap) {
        return Objects.requireNonNull((stream == HiddenStream.OWN ? own : dense).get(tap), () -> "no rows of " + tap);
    }
}
