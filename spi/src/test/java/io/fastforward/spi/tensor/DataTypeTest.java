package io.fastforward.spi.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class DataTypeTest {

    @Test
    void bfloat16RoundsToNearestEven() {
        assertThat(DataType.toBfloat16(1f)).isEqualTo((short) 0x3F80);
        // Halfway between 0x3F80 and 0x3F81: to the even one; a little more: up; halfway above an odd one: up.
        assertThat(DataType.toBfloat16(Float.intBitsToFloat(0x3F808000))).isEqualTo((short) 0x3F80);
        assertThat(DataType.toBfloat16(Float.intBitsToFloat(0x3F808001))).isEqualTo((short) 0x3F81);
        assertThat(DataType.toBfloat16(Float.intBitsToFloat(0x3F818000))).isEqualTo((short) 0x3F82);
        assertThat(DataType.toBfloat16(Float.MAX_VALUE)).isEqualTo((short) 0x7F80);
        assertThat(DataType.toBfloat16(Float.NEGATIVE_INFINITY)).isEqualTo((short) 0xFF80);
    }

    @Test
    void nanSurvivesRounding() {
        // A NaN whose payload is in the lower half must not become infinity.
        short bits = DataType.toBfloat16(Float.intBitsToFloat(0x7F800001));
        assertThat(Float.intBitsToFloat(bits << 16)).isNaN();
    }

    @Test
    void everyTypeKeepsItsOwnNumbersExactlyAtAnyAlignment() {
        var random = new SplittableRandom(11);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(16);
            for (DataType type : DataType.values()) {
                for (int i = 0; i < 1000; i++) {
                    long offset = random.nextInt(0, 8);
                    type.set(memory, offset, (float) random.nextGaussian());
                    float stored = type.get(memory, offset);
                    type.set(memory, offset, stored);
                    assertThat(type.get(memory, offset)).isEqualTo(stored);
                }
            }
        }
    }
}
