package io.fastforward.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TokenizedTextTest {

    private Tokenizer tokenizer;

    @TempDir
    private Path directory;

    @BeforeAll
    void openTokenizer() {
        tokenizer = Tokenizer.open(TokenizerTest.RESOURCES);
    }

    @AfterAll
    void closeTokenizer() {
        tokenizer.close();
    }

    @Test
    void aFileIsOneDocument() throws IOException {
        TokenizedText text = read("One line.\n\nAnother é.\n", TextUnit.FILE);
        assertThat(text.ids()).isEqualTo(tokenizer.encode("One line.\n\nAnother é.\n", true));
        assertThat(text.path()).isEqualTo(directory.resolve("text"));
        assertThat(text.bytes()).isEqualTo(23);
    }

    @Test
    void everyLineIsADocument() throws IOException {
        String expected = "<s>One line.<s> Another é.";
        for (String text : List.of("One line.\n Another é.", "One line.\r\n\r\n  \n Another é.\r\n")) {
            assertThat(tokenizer.decode(read(text, TextUnit.LINE).ids(), false)).isEqualTo(expected);
        }
        int[] first = tokenizer.encode("One line.", true);
        assertThat(read("One line.\n Another é.", TextUnit.LINE).ids()).startsWith(first);
    }

    @Test
    void theHashIsThatOfTheFile() throws IOException {
        // The example of the standard, FIPS 180.
        assertThat(read("abc", TextUnit.FILE).sha256())
                .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    @Test
    void aByteOrderMarkIsDropped() throws IOException {
        for (TextUnit unit : TextUnit.values()) {
            TokenizedText text = read("\uFEFFabc", unit);
            assertThat(text.ids()).isEqualTo(tokenizer.encode("abc", true));
            assertThat(text.bytes()).isEqualTo(6);
        }
    }

    @Test
    void aTextThatIsNotUtf8IsRefusedAtItsFirstBadByte() throws IOException {
        byte[] start = "é".repeat(5000).getBytes(StandardCharsets.UTF_8);
        int[][] bad = {{0xFF}, {0xC3}, {0xC3, 'a'}, {0xC0, 0x80}, {0xED, 0xA0, 0x80}, {0xF5, 0x80, 0x80, 0x80}};
        for (int[] sequence : bad) {
            byte[] contents = Arrays.copyOf(start, start.length + sequence.length);
            for (int i = 0; i < sequence.length; i++) {
                contents[start.length + i] = (byte) sequence[i];
            }
            Path path = Files.write(directory.resolve("text"), contents);
            expect(
                    FailureKind.BAD_TEXT,
                    () -> TokenizedText.read(path, TextUnit.FILE, tokenizer),
                    path.toString(),
                    "is not UTF-8: byte 0x%02x at offset 10000".formatted(sequence[0]));
        }
    }

    @Test
    void anEmptyTextIsRefused() {
        for (String text : List.of("", "\uFEFF", " \n\t\r\n")) {
            for (TextUnit unit : TextUnit.values()) {
                expect(FailureKind.BAD_TEXT, () -> read(text, unit), directory.resolve("text") + "' is empty");
            }
        }
    }

    @Test
    void aMissingTextIsNamed() {
        for (Path path : List.of(directory, directory.resolve("nothing"))) {
            expect(
                    FailureKind.NOT_FOUND,
                    () -> TokenizedText.read(path, TextUnit.FILE, tokenizer),
                    "'" + path + "' does not exist");
        }
    }

    private TokenizedText read(String text, TextUnit unit) throws IOException {
        return TokenizedText.read(Files.writeString(directory.resolve("text"), text), unit, tokenizer);
    }

    private static void expect(FailureKind kind, ThrowingCallable code, String... words) {
        Failure failure = catchThrowableOfType(Failure.class, code);
        assertThat(failure).isNotNull().hasMessageContainingAll(words);
        assertThat(failure.kind()).isEqualTo(kind);
    }
}
