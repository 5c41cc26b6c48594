package io.fastforward.zeroshot;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** What CPython 3.11 printed. */
class PythonRandomTest {

    /** r = Random(1234), then r.sample(range(n), k), one after the other; the first six of each. */
    @Test
    void samplesAreThoseOfPython() {
        PythonRandom random = new PythonRandom(1234);
        assertThat(random.sample(5, 3)).containsExactly(3, 0, 4);
        assertThat(random.sample(21, 5)).containsExactly(2, 18, 1, 20, 3);
        assertThat(random.sample(22, 5)).containsExactly(11, 7, 0, 20, 19);
        assertThat(random.sample(100, 3)).containsExactly(61, 78, 59);
        assertThat(random.sample(85, 6)).containsExactly(19, 11, 23, 14, 1, 64);
        assertThat(random.sample(86, 6)).containsExactly(62, 31, 8, 85, 69, 59);
        assertThat(firstSix(random.sample(85, 21))).containsExactly(8, 76, 11, 65, 74, 5);
        assertThat(firstSix(random.sample(278, 21))).containsExactly(170, 73, 242, 193, 85, 27);
        assertThat(firstSix(random.sample(2000, 26))).containsExactly(1356, 1651, 82, 363, 556, 316);
        assertThat(random.sample(1, 1)).containsExactly(0);
        assertThat(random.sample(3, 0)).isEmpty();
    }

    /** Beyond the first 624 words, for which the state is made anew. */
    @Test
    void longSequencesAreThoseOfPython() {
        PythonRandom random = new PythonRandom(1234);
        int[] last = {};
        for (int i = 0; i < 400; i++) {
            last = random.sample(1_000_000, 2);
        }
        assertThat(last).containsExactly(450990, 962572);
    }

    private static int[] firstSix(int[] values) {
        return Arrays.copyOf(values, 6);
    }
}
