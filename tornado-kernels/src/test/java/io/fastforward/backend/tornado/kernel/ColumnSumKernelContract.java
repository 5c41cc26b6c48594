package io.fastforward.backend.tornado.kernel;

import io.fastforward.backend.tornado.kernel.Block.Order;
import io.fastforward.backend.tornado.kernel.ColumnSumKernel.Term;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Sums of columns, of their squares and of their magnitudes. */
abstract class ColumnSumKernelContract extends KernelContract {

    ColumnSumKernelContract(KernelFixture fixture) {
        super(fixture);
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1", "2, 63, 2", "63, 64, 64", "65, 65, 64", "7, 131, 3", "4096, 5, 4096", "600, 9, 256"})
    void sumsUpRowsByBlocks(int rows, int columns, int blockRows) {
        for (Term term : Term.values()) {
            for (Order order : new Order[] {Order.DENSE, Order.ROWS}) {
                MemoryImage image = image();
                Block x = image.input("x", image.random(rows, columns), order);
                Block y = image.output("y", Math.ceilDiv(rows, blockRows), columns, Order.DENSE);
                image.expect(
                        y,
                        (block, column) -> Approximation.sum(
                                IntStream.range(block * blockRows, Math.min((block + 1) * blockRows, rows))
                                        .mapToObj(row -> x.get(row, column))
                                        .map(value -> term(term, value))));
                image.check(executor -> ColumnSumKernel.launch(
                        executor,
                        new ColumnSumKernel.Sizes(
                                term, rows, blockRows, columns, x.start(), x.rowStride(), y.start())));
            }
        }
    }

    private static Approximation term(Term term, Approximation value) {
        return switch (term) {
            case VALUE -> value;
            case SQUARE -> value.times(value);
            case MAGNITUDE -> value.magnitude();
        };
    }
}
