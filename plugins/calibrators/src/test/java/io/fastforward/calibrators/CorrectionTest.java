package io.fastforward.calibrators;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CorrectionTest {

    /** Of the sizes of LLaMA-2-70B and 7B, and of small models. */
    @ParameterizedTest
    @CsvSource({
        "8192, 28672, 20070, 2048",
        "8192, 28672, 28672, 2048",
        "8192,  8192,  8192, 2048",
        "4096, 11008,  7706, 2048",
        "4096, 11008, 11008, 1365",
        "2048,  5632,  5632,  682",
        "1031,     9,     6,  512",
        " 192,   512,   358,  192",
        "   1,     1,     1,    1"
    })
    void blocksHaveRoomInWhatIsPlannedWith(int outputs, int inputs, int kept, int expected) {
        long rows = Correction.blockRows(outputs, inputs, kept);

        assertThat(rows).isEqualTo(expected);
        if (rows > 512) {
            assertThat((long) kept * kept + rows * (inputs + 2L * kept))
                    .isLessThanOrEqualTo((long) inputs * inputs + (long) inputs * outputs);
        }
    }
}
