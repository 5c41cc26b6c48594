package io.fastforward.backend.tornado.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.backend.tornado.kernel.Block.Order;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bringing rows to the host; the way to the device is part of {@link ExpandKernelContract}. */
abstract class TransferKernelContract extends KernelContract {

    TransferKernelContract(KernelFixture fixture) {
        super(fixture);
    }

    @ParameterizedTest
    @CsvSource({"1, 1, SMALL", "3, 65, SMALL", "70, 5, SMALL", "2, 64, LARGE", "259, 67, LARGE"})
    void fetchesRowsWithoutTheirGaps(int rows, int columns, Stage stage) {
        for (Order order : new Order[] {Order.DENSE, Order.ROWS}) {
            MemoryImage image = image();
            Block block = image.input("block", image.random(rows, columns), order);
            image.check(executor -> {
                executor.fetch(stage, rows, columns, block.start(), block.rowStride());
                MemorySegment incoming = executor.incoming(stage);
                for (int row = 0; row < rows; row++) {
                    for (int column = 0; column < columns; column++) {
                        assertThat(incoming.getAtIndex(ValueLayout.JAVA_FLOAT, row * columns + column))
                                .isEqualTo(block.values()[row][column]);
                    }
                }
            });
        }
    }
}
