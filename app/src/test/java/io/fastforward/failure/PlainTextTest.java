package io.fastforward.failure;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlainTextTest {

    @ParameterizedTest
    @ValueSource(
            ints = {
                0, 7, 8, '\r', 0x1b, 0x7f, 0x80, 0x9b, 0x9f, 0x202a, 0x202e, 0x2066, 0x2069, 0x2028, 0x2029, 0xd800,
                0xdc00, 0xe0041
            })
    void whatSteersATerminalIsReplaced(int codePoint) {
        assertThat(PlainText.of("a" + new String(new int[] {codePoint}, 0, 1) + "b"))
                .isEqualTo("a\uFFFDb");
    }

    @Test
    void whatPeopleWriteStays() {
        for (String text : new String[] {
            "",
            "two\nlines\tand a tab",
            "Größe 模型 модель نموذج עברית",
            "👩\u200d💻 family of signs",
            "می\u200cخواهم",
            "soft\u00adhyphen"
        }) {
            assertThat(PlainText.of(text)).isEqualTo(text);
        }
    }

    @Test
    void aLineIsOneLineAndBounded() {
        assertThat(PlainText.line(" first\n  second\r\nthird ")).isEqualTo("first second third");
        String long100k = "what: " + "x".repeat(100_000) + "; do this";
        assertThat(PlainText.line(long100k))
                .hasSizeLessThan(2_100)
                .startsWith("what: x")
                .contains("98015 characters left out")
                .endsWith("; do this");
        assertThat(PlainText.line("😀".repeat(50_000)))
                .hasSizeLessThan(2_100)
                .doesNotMatch(".*[\uD800-\uDBFF](?![\uDC00-\uDFFF]).*");
    }
}
