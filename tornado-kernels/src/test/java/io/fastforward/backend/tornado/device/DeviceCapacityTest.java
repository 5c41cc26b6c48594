package io.fastforward.backend.tornado.device;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DeviceCapacityTest {

    private static final long GIB = 1L << 30;

    /** Device memory and largest array in GiB, and the limit of TornadoVM. */
    @ParameterizedTest
    @CsvSource({"1, 1, 1024GB", "4, 1, ''", "24, 24, 1024GB", "24, 6, 1024GB", "141, 35, 1024GB", "141, 141, 2GB"})
    void arraysFitTheDeviceAndAreIndexedByInts(long memory, long largest, String limit) {
        DeviceCapacity capacity = DeviceCapacity.of(memory * GIB, largest * GIB, limit, true);
        long matrices = 4L * capacity.memoryElements();
        long weights = 4L * capacity.weightElements();
        long operands = 4L * capacity.operandElements();
        assertThat(matrices + weights * capacity.weightArrays() + operands).isLessThan(memory * GIB);
        assertThat(operands).isBetween(1L << 20, largest * GIB);
        assertThat(Math.max(matrices, weights)).isLessThan(largest * GIB);
        assertThat(matrices).isGreaterThan(Math.min(memory * GIB / 10, 4 * GIB / 10));
        assertThat(2L * capacity.weightElements()).isLessThanOrEqualTo(Integer.MAX_VALUE);
        assertThat(capacity.weightArrays()).isBetween(1, 16);
        DeviceCapacity beside = DeviceCapacity.ofBfloat16(memory * GIB, largest * GIB, limit);
        assertThat(beside.operandElements()).isZero();
        // In single precision a layer is loaded in turn: that takes an array, or two.
        long both = matrices
                + 2 * weights
                + 4L * beside.memoryElements()
                + 4L * beside.weightElements() * beside.weightArrays();
        assertThat(both + operands).isLessThan(Math.max(memory, 2) * GIB); // arrays have at least 256 MiB
    }
}
