package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class PlainWriterTest {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintWriter writer = PlainWriter.to(bytes);

    @Test
    void escapeSequencesDoNotGetThrough() {
        writer.print("\u001b[2J\u001b]0;title\u0007 harmless");
        writer.printf("%s%n", "\u009b31m\u202Ereversed");
        assertThat(written()).isEqualTo("\uFFFD[2J\uFFFD]0;title\uFFFD harmless\uFFFD31m\uFFFDreversed\n");
    }

    @Test
    void aCharacterMayComeInTwoPieces() {
        writer.print('\uD83D');
        writer.flush();
        writer.print('\uDE00');
        writer.print("\uD83D");
        writer.print("x");
        assertThat(written()).isEqualTo("😀\uFFFDx");
    }

    @Test
    void halfACharacterAtTheEndIsSeen() {
        writer.print("a\uD83D");
        writer.close();
        assertThat(written()).isEqualTo("a\uFFFD");
    }

    private String written() {
        writer.flush();
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
