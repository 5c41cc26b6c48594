package io.fastforward.backend.tornado.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.backend.tornado.RotaryTables;
import io.fastforward.backend.tornado.kernel.Block.Order;
import io.fastforward.spi.model.RotaryPositions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Turning heads by their positions, and the tables of angles. */
abstract class RotaryKernelContract extends KernelContract {

    RotaryKernelContract(KernelFixture fixture) {
        super(fixture);
    }

    record Case(int sequences, int length, int first, int heads, int headSize, int pairs, Order order) {}

    static Stream<Case> heads() {
        return Stream.of(
                new Case(1, 1, 0, 1, 2, 1, Order.DENSE),
                new Case(1, 1, 9, 3, 6, 3, Order.ROWS),
                new Case(1, 33, 0, 3, 6, 3, Order.ROWS),
                new Case(3, 11, 0, 5, 2, 1, Order.ROWS),
                new Case(2, 35, 0, 2, 64, 32, Order.ROWS),
                new Case(1, 5, 40, 2, 10, 5, Order.DENSE),
                // Heads that turn in part.
                new Case(2, 7, 0, 3, 7, 2, Order.ROWS),
                new Case(3, 12, 3, 1, 9, 1, Order.ROWS));
    }

    @ParameterizedTest
    @MethodSource("heads")
    void turnsPairs(Case test) {
        MemoryImage image = image();
        int rows = test.sequences * test.length;
        Block x = image.inPlace("x", image.random(rows, test.heads * test.headSize), test.order);
        // Any numbers will do: that they are cosines and sines is up to the table.
        Block table = image.input("table", image.random(test.first + test.length, 2 * test.pairs), Order.DENSE);
        image.expect(x, (row, column) -> {
            int dimension = column % test.headSize;
            int pair = dimension % test.pairs;
            int position = test.first + row % test.length;
            Approximation cosine = table.get(position, pair);
            Approximation sine = table.get(position, test.pairs + pair);
            if (dimension < test.pairs) {
                Approximation other = x.get(row, column + test.pairs);
                return x.get(row, column).times(cosine).minus(other.times(sine));
            }
            if (dimension < 2 * test.pairs) {
                Approximation other = x.get(row, column - test.pairs);
                return x.get(row, column).times(cosine).plus(other.times(sine));
            }
            return null;
        });
        image.check(executor -> RotaryKernel.launch(
                executor,
                new RotaryKernel.Sizes(
                        rows,
                        test.heads,
                        test.headSize,
                        test.length,
                        test.first,
                        test.pairs,
                        x.start(),
                        x.rowStride(),
                        table.start())));
    }

    @Test
    void tablesHoldCosinesAndSinesAndGrow() {
        var rotary = new RotaryPositions(List.of(1.0, 0.3, 1e-4));
        try (var tables = new RotaryTables(fixture().memory())) {
            checkTable(rotary, tables.table(rotary, 5), 5);
            checkTable(rotary, tables.table(rotary, 1000), 1000);
            assertThat(tables.table(rotary, 7)).isEqualTo(tables.table(rotary, 1000));
        }
    }

    private void checkTable(RotaryPositions rotary, int start, int positions) {
        int pairs = rotary.frequencies().size();
        float[] table = fixture().read(start, positions * 2 * pairs);
        for (int i = 0; i < table.length; i++) {
            int dimension = i % (2 * pairs);
            int position = i / (2 * pairs);
            double angle = position * rotary.frequencies().get(dimension % pairs);
            double value = dimension < pairs ? Math.cos(angle) : Math.sin(angle);
            assertThat(table[i]).isEqualTo((float) value);
        }
    }
}
