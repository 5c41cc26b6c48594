package io.fastforward.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TimeSpanTest {

    @ParameterizedTest
    @CsvSource({
        "0, 0 s",
        "0.4, 0 s",
        "1.6, 2 s",
        "119.4, 119 s",
        "120, 2 min",
        "7100, 118 min",
        "7200, 2.0 h",
        "100000, 27.8 h",
        "172800, 2.0 days",
        "1e9, 11574.1 days"
    })
    void isInAUnitThatFits(double seconds, String text) {
        assertThat(TimeSpan.of(seconds)).isEqualTo(text);
    }
}
