package io.fastforward.backend.tornado.kernel;

import io.fastforward.backend.tornado.kernel.Block.Order;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Copies between layouts. */
abstract class CopyKernelContract extends KernelContract {

    CopyKernelContract(KernelFixture fixture) {
        super(fixture);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 31", "3, 32", "5, 33", "70, 1", "33, 67"})
    void copiesBetweenAllLayouts(int rows, int columns) {
        for (Order from : Order.values()) {
            for (Order to : Order.values()) {
                MemoryImage image = image();
                float[][] values = image.random(rows, columns);
                values[0][0] = -0f;
                values[rows - 1][columns - 1] = Float.NaN;
                Block x = image.input("x", values, from);
                Block y = image.output("y", rows, columns, to);
                image.expect(y, x::get);
                image.check(executor -> CopyKernel.launch(
                        executor,
                        new CopyKernel.Sizes(
                                rows,
                                columns,
                                x.start(),
                                x.rowStride(),
                                x.columnStride(),
                                y.start(),
                                y.rowStride(),
                                y.columnStride())));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "5, 33", "33, 67"})
    void fillsWithZeros(int rows, int columns) {
        for (Order order : Order.values()) {
            MemoryImage image = image();
            Block y = image.output("y", rows, columns, order);
            image.expect(y, (row, column) -> Approximation.exactly(0));
            image.check(executor -> CopyKernel.launch(
                    executor,
                    new CopyKernel.Sizes(rows, columns, -1, columns, 1, y.start(), y.rowStride(), y.columnStride())));
        }
    }
}
