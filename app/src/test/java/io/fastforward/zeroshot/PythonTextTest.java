package io.fastforward.zeroshot;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What CPython 3.11 printed. */
class PythonTextTest {

    private static final String SPACES =
            "\t\n\u000b\f\r\u001c\u001d\u001e\u001f \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
                    + "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000";

    @Test
    void whiteSpaceIsThatOfPython() {
        String stripped = IntStream.rangeClosed(0, Character.MAX_VALUE)
                .filter(c -> !Character.isSurrogate((char) c))
                .filter(c -> PythonText.stripped(Character.toString(c)).isEmpty())
                .mapToObj(Character::toString)
                .collect(Collectors.joining());
        assertThat(stripped).isEqualTo(SPACES);
    }

    @Test
    void onlyTheEndsAreStripped() {
        assertThat(PythonText.stripped("\u00a0 a \u2003b\n\u0085")).isEqualTo("a \u2003b");
        assertThat(PythonText.strippedLeft(" A ")).isEqualTo("A ");
        assertThat(PythonText.strippedRight(" A ")).isEqualTo(" A");
        assertThat(PythonText.stripped("\u200b")).isEqualTo("\u200b");
    }

    @Test
    void allButTheFirstLetterBecomesSmall() {
        assertThat(PythonText.capitalized("AND THE Cat")).isEqualTo("And the cat");
        assertThat(PythonText.capitalized("élan")).isEqualTo("Élan");
        assertThat(PythonText.capitalized("ΣΑΣ")).isEqualTo("Σας");
        assertThat(PythonText.capitalized("\u01c6ABC")).isEqualTo("\u01c5abc");
        assertThat(PythonText.capitalized("İX")).isEqualTo("İx");
        assertThat(PythonText.capitalized(" A")).isEqualTo(" a");
        assertThat(PythonText.capitalized("")).isEmpty();
    }
}
