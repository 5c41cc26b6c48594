package io.fastforward.testkit;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.measure.HiddenStream;
import io.fastforward.spi.measure.Tap;
import io.fastforward.spi.prune.Workbench;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A workbench for tests, over rows that are there.
 *
 * @param algebra what solves
 * @param arena owns what is given back, and the batches
 * @param rows for each tap the rows of the own stream, {@code tokens × width}
 * @param dense those of the dense stream; of {@link Tap#RESIDUAL}, what that has over the own one
 */
public record PlainWorkbench(LinearAlgebra algebra, Arena arena, Map<Tap, double[][]> rows, Map<Tap, double[][]> dense)
        implements Workbench {

    /** With rows of the own stream alone. */
    public PlainWorkbench(LinearAlgebra algebra, Arena arena, Map<Tap, double[][]> rows) {
        this(algebra, arena, rows, Map.of());
    }

    @Override
    public Iterable<Matrix> batches(Tap tap) {
        return batches(tap, HiddenStream.OWN);
    }

    /** Two batches, so that nobody takes the first one for all. */
    @Override
    public Iterable<Matrix> batches(Tap tap, HiddenStream stream) {
        double[][] all = (stream == HiddenStream.OWN ? rows : dense).get(tap);
        if (all == null) {
            throw new IllegalArgumentException("there are no rows of " + tap + " on the stream " + stream);
        }
        int half = (all.length + 1) / 2;
        return List.of(batch(all, 0, half), batch(all, half, all.length));
    }

    private Matrix batch(double[][] all, int from, int to) {
        Matrix batch = Matrix.allocate(arena, DataType.F32, to - from, all[0].length);
        IntStream.range(from, to)
                .forEach(i ->
                        IntStream.range(0, all[i].length).forEach(j -> batch.set(i - from, j, (float) all[i][j])));
        return batch;
    }
}
