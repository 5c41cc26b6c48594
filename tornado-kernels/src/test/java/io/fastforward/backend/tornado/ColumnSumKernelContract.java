package io.fastforward.backend.tornado;

import io.fastforward.backend.tornado.Block.Order;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Sums and sums of squares of columns. */
abstract class ColumnSumKernelContract extends KernelContract {

    ColumnSumKernelContract(KernelFixture fixture) {
        super(fixture);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 63", "63, 64", "65, 65", "7, 131", "4096, 5"})
    void sumsUpRows(int rows, int columns) {
        for (boolean squares : new boolean[] {false, true}) {
            for (Order order : new Order[] {Order.DENSE, Order.ROWS}) {
                MemoryImage image = image();
                Block x = image.input("x", image.random(rows, columns), order);
                Block y = image.output("y", 1, columns, Order.DENSE);
                image.expect(
                        y,
                        (zero, column) -> Approximation.sum(IntStream.range(0, rows)
                                .mapToObj(row -> x.get(row, column))
                                .map(value -> squares ? value.times(value) : value)));
                image.check(executor -> ColumnSumKernel.launch(
                        executor,
                        new ColumnSumKernel.Sizes(squares, rows, columns, x.start(), x.rowStride(), y.start())));
            }
        }
    }
}
