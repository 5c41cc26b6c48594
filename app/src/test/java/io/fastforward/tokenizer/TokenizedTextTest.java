package io.fastforward.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.checkpoint.FileHash;
import io.fastforward.failure.FailureKind;
import io.fastforward.testing.Failures;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TokenizedTextTest {

    private static final String LINES = "{\"text\":\"One\\nline.\",\"id\":1}\n\n{\"id\":2,\"text\":\"Another é.\"}\n";

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
        assertThat(text.ids()).isEqualTo(tokens("One line.\n\nAnother é.\n"));
        assertThat(text.summary())
                .isEqualTo(new TextSummary(text.hash(), false, TextFormat.TEXT, 1, 22, text.ids().length));
        assertThat(text.hash().name()).isEqualTo("text");
        assertThat(text.hash().bytes()).isEqualTo(23);
        assertThat(text.summary().describe())
                .isEqualTo("text (23 bytes): plain text, 1 document, 22 characters, " + text.ids().length + " tokens");
    }

    @Test
    void everyLineIsADocument() throws IOException {
        String expected = "<s>One line.<s> Another é.";
        for (String text : List.of("One line.\n Another é.", "One line.\r\n\r\n  \n\u00a0\n Another é.\r\n")) {
            assertThat(tokenizer.decode(read(text, TextUnit.LINE).ids(), false)).isEqualTo(expected);
        }
        int[] first = tokens("One line.");
        assertThat(read("One line.\n Another é.", TextUnit.LINE).ids()).startsWith(first);
        // What Python's iteration over a file leaves in the line, unlike its str.splitlines.
        String inOneLine = "a\u000bb\u000cc\u001cd\u0085e\u2028f";
        assertThat(read(inOneLine + "\n", TextUnit.LINE).ids()).isEqualTo(tokens(inOneLine));
    }

    @Test
    void linesEndAsPythonReadsThem() throws IOException {
        for (TextUnit unit : TextUnit.values()) {
            int[] expected = read("one\n\ntwo\nthree", unit).ids();
            assertThat(read("one\r\n\r\ntwo\r\nthree", unit).ids()).isEqualTo(expected);
            assertThat(read("one\r\rtwo\rthree", unit).ids()).isEqualTo(expected);
        }
        // The file is still the one on the disk.
        assertThat(read("a\r\n", TextUnit.FILE).hash().bytes()).isEqualTo(3);
    }

    @Test
    void rowsOfWikiTextAreJoinedByTwoNewlines() throws IOException {
        String raw = " \n = Title = \n \n First paragraph .\r\n\u00a0\n Second .";
        String joined = "\n\n = Title = \n\n\n\n\n First paragraph .\n\n\n\n\n Second .";
        TokenizedText text = read(raw, TextUnit.WIKITEXT);
        assertThat(text.ids()).isEqualTo(tokens(joined));
        assertThat(text.summary().documents()).isEqualTo(1);
        String rows = """
                {"text":""}
                {"text":" = Title = \\n"}
                {"text":""}
                {"text":" First paragraph .\\n"}
                {"text":""}
                {"text":" Second ."}
                """;
        assertThat(read(rows, TextUnit.WIKITEXT).ids()).isEqualTo(tokens(joined));
    }

    @Test
    void everyRecordOfJsonLinesIsADocument() throws IOException {
        int[] expected = tokens("One\nline.", "Another é.");
        for (String name : List.of("text.jsonl", "text.ndjson", "TEXT.JSON", "text.txt")) {
            TokenizedText text = read(write(name, LINES), TextSettings.of(TextUnit.FILE));
            assertThat(text.ids()).isEqualTo(expected);
            assertThat(text.summary().format()).isEqualTo(TextFormat.JSONL);
            assertThat(text.summary().documents()).isEqualTo(2);
            assertThat(text.summary().describe()).contains("JSON lines, 2 documents, 19 characters");
        }
        assertThat(read("\uFEFF" + LINES.replace("\n", "\r\n"), TextUnit.FILE).ids())
                .isEqualTo(expected);
        assertThat(read(LINES, TextUnit.LINE).ids()).isEqualTo(tokens("One", "line.", "Another é."));
        assertThat(read("{\"text\":\"a\\r\\nb\",\"score\":NaN}", TextUnit.LINE).ids())
                .isEqualTo(tokens("a", "b"));
        // As Python, which changes the ends of lines of the file alone.
        assertThat(read("{\"text\":\"a\\r\\nb\"}", TextUnit.FILE).ids()).isEqualTo(tokens("a\r\nb"));
        assertThat(read("{\"text\":\" \"}\n{\"text\":\"a\"}", TextUnit.FILE).ids())
                .isEqualTo(tokens("a"));
    }

    @Test
    void theFieldOfATextCanBeNamed() throws IOException {
        Path file = write("x.jsonl", "{\"content\":\"a\",\"url\":\"b\"}\n{\"content\":\"c\"}\n");
        assertThat(read(file, new TextSettings(TextUnit.FILE, TextFormat.AUTO, "content"))
                        .ids())
                .isEqualTo(tokens("a", "c"));
        refused(file, "line 1 of the text '" + file, "no field 'text'", "'content', 'url'", "<text.field>");
        Path second = write("y.jsonl", "{\"text\":\"a\"}\n\n{\"content\":\"c\"}\n");
        refused(second, "line 3", "no field 'text'", "it has 'content'");
    }

    @Test
    void whatIsJsonAndWhatIsNotCanBeSaid() throws IOException {
        Path file = write("text.txt", LINES);
        assertThat(read(file, new TextSettings(TextUnit.FILE, TextFormat.TEXT, "text"))
                        .ids())
                .isEqualTo(tokens(LINES));
        Path prose = write("prose.txt", "One line.\n");
        Failures.expect(
                FailureKind.BAD_TEXT,
                () -> read(prose, new TextSettings(TextUnit.FILE, TextFormat.JSONL, "text")),
                "line 1",
                "not one JSON object");
        for (String text : List.of("{ is a brace\n", "[1] a note\n", "{\n\"half\": ", "[{\"a\":1}] and words")) {
            assertThat(read(text, TextUnit.FILE).ids()).isEqualTo(tokens(text));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"text\":\"a\"}%n{\"text\":5}           | line 2 | must be a text, but is 5",
                "{\"text\":\"a\"}%n{\"text\":null}        | line 2 | must be a text, but is null",
                "{\"text\":\"a\"}%n{}                     | line 2 | it has none at all",
                "{\"text\":\"a\"}%nprose                  | line 2 | <text.format> text",
                "{\"text\":\"a\"}%n{\"text\":\"b          | line 2 | not one JSON object",
                "{\"text\":\"a\"}%n[]                     | line 2 | not one JSON object",
                "{\"text\":\"a\"}%n{\"text\":\"b\"} more  | line 2 | not one JSON object",
                "{\"text\":\"a\"}%n{\"text\":\"\\ud800\"} | line 2 | half of a character, \\ud800",
                "[{\"text\":\"a\"},%n {\"text\":\"b\"}]   | line 1 | jq -c '.[]' ",
                "{%n\"text\":\"a\"%n}                     | line 1 | jq -c . ",
            })
    void aRecordThatIsNoneIsNamed(String contents, String line, String words) throws IOException {
        Path file = write("text", contents.formatted());
        refused(file, line, file.toString(), words);
    }

    @Test
    void deepAndLongJsonIsRefusedOrRead() throws IOException {
        for (String name : List.of("deep.jsonl", "deep.txt")) {
            refused(write(name, "{\"text\":\"a\",\"x\":" + "[".repeat(100_000) + "}"), "line 1", "depth");
        }
        String longText = "word ".repeat(50_000);
        Path file = write("long.jsonl", "{\"text\":\"" + longText + "\"}");
        assertThat(read(file, TextSettings.of(TextUnit.FILE)).summary().characters())
                .isEqualTo(longText.length());
    }

    @Test
    void gzippedTextsAreUnpacked() throws IOException {
        Path plain = Files.write(directory.resolve("plain.gz"), gzip(utf8("One line.\r\n")));
        TokenizedText text = read(plain, TextSettings.of(TextUnit.FILE));
        assertThat(text.ids()).isEqualTo(tokens("One line.\n"));
        assertThat(text.hash()).isEqualTo(FileHash.of(plain));
        assertThat(text.summary().describe()).contains("gzipped plain text");
        Path lines = Files.write(directory.resolve("lines.jsonl.gz"), gzip(utf8(LINES)));
        assertThat(read(lines, TextSettings.of(TextUnit.FILE)).ids()).isEqualTo(tokens("One\nline.", "Another é."));
        // Parallel and block compressors write several members.
        Path members = Files.write(directory.resolve("members"), join(gzip(utf8("One ")), gzip(utf8("line."))));
        assertThat(read(members, TextSettings.of(TextUnit.FILE)).ids()).isEqualTo(tokens("One line."));
    }

    @Test
    void damagedGzipIsExplained() throws IOException {
        byte[] packed = gzip(utf8(words(1000)));
        for (int length : new int[] {2, 9, 10, 100, packed.length / 2, packed.length - 1}) {
            Path cut = Files.write(directory.resolve("cut.gz"), Arrays.copyOf(packed, length));
            refused(cut, cut.toString(), "gzipped and ends too early", "download it again");
        }
        packed[packed.length - 6] ^= 1; // the checksum
        refused(Files.write(directory.resolve("bad.gz"), packed), "gzipped and damaged", "download it again");
        refused(
                Files.write(directory.resolve("twice.gz"), gzip(gzip(utf8("a")))),
                "gzipped twice",
                "gzip -dc '" + directory.resolve("twice.gz") + "'");
        refused(Files.write(directory.resolve("latin1.gz"), gzip(new byte[] {'n', (byte) 0xe9, 'e'})), "not UTF-8");
        refused(Files.write(directory.resolve("parquet.gz"), gzip(utf8("PAR1...."))), "Parquet");
        refused(Files.write(directory.resolve("empty.gz"), gzip(new byte[0])), "is empty");
    }

    /** What follows the first member must be sound, or be nothing. */
    @Test
    void allMembersOfGzipAreRead() throws IOException {
        byte[] first = gzip(utf8("One "));
        byte[] second = gzip(utf8("line."));
        byte[] padding = new byte[1000];
        for (byte[] packed :
                List.of(join(first, second), join(join(first, gzip(new byte[0])), join(second, padding)))) {
            Path file = Files.write(directory.resolve("members.gz"), packed);
            assertThat(read(file, TextSettings.of(TextUnit.FILE)).ids()).isEqualTo(tokens("One line."));
        }
        Path padded = Files.write(directory.resolve("padded.gz"), join(first, padding));
        assertThat(read(padded, TextSettings.of(TextUnit.FILE)).ids()).isEqualTo(tokens("One "));
        for (int length = 1; length < second.length; length++) {
            Path cut = Files.write(directory.resolve("cut.gz"), join(first, Arrays.copyOf(second, length)));
            refused(cut, "gzipped and ends too early", "download it again");
        }
        for (int at : new int[] {0, 1, 2, second.length - 1, second.length - 8}) { // magic, method, length, checksum
            byte[] damaged = second.clone();
            damaged[at] ^= 1;
            refused(Files.write(directory.resolve("bad.gz"), join(first, damaged)), "gzipped and damaged");
        }
        Path between = Files.write(directory.resolve("between.gz"), join(join(first, padding), second));
        refused(between, "gzipped and damaged");
    }

    @ParameterizedTest
    @CsvSource({
        "50415231150415, Parquet, read_parquet",
        "4152524f57310000, Arrow, read_feather",
        "ffffffff78020000, Arrow, from_file",
        "28b52ffd24, zstd, zstd -dc '",
        "fd377a585a000004, xz, xz -dc '",
        "425a6839314159265359, bzip2, bzip2 -dc '",
        "04224d186440, lz4, lz4 -dc '",
        "504b030414, zip, unzip '",
        "377abcaf271c, 7z, 7z x '",
        "255044462d312e37, PDF, pdftotext '",
        "fffe61006200, UTF-16, iconv -f UTF-16 ",
        "feff00610062, UTF-16, iconv -f UTF-16 ",
        "fffe000061000000, UTF-32, iconv -f UTF-32 ",
        "0000feff00000061, UTF-32, iconv -f UTF-32 ",
    })
    void whatIsNoPlainTextIsNamed(String hex, String name, String advice) throws IOException {
        Path file =
                Files.write(directory.resolve("it's a file.txt"), HexFormat.of().parseHex(hex));
        refused(file, name, advice, file.toString());
    }

    @Test
    void archivesAndUtf16WithoutAMarkAreNamed() throws IOException {
        byte[] tar = Arrays.copyOf(utf8("name"), 1024);
        System.arraycopy(utf8("ustar"), 0, tar, 257, 5);
        refused(Files.write(directory.resolve("x.tar.gz"), gzip(tar)), "tar archive");
        Path utf16 = Files.write(directory.resolve("utf16.txt"), words(100).getBytes(Charset.forName("UTF-16LE")));
        refused(utf16, "NUL", "iconv -f UTF-16LE -t UTF-8 '" + utf16 + "'");
        // A NUL here and there is a character like any other.
        assertThat(read("a\u0000b and more", TextUnit.FILE).ids()).isEqualTo(tokens("a\u0000b and more"));
        assertThat(read("BZh is a word", TextUnit.FILE).ids()).isEqualTo(tokens("BZh is a word"));
    }

    @Test
    void theHashIsThatOfTheFile() throws IOException {
        // The example of the standard, FIPS 180.
        assertThat(read("abc", TextUnit.FILE).hash().sha256())
                .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    @Test
    void aByteOrderMarkIsDropped() throws IOException {
        for (TextUnit unit : TextUnit.values()) {
            TokenizedText text = read("\uFEFFabc", unit);
            assertThat(text.ids()).isEqualTo(tokens("abc"));
            assertThat(text.hash().bytes()).isEqualTo(6);
        }
    }

    @Test
    void aTextThatIsNotUtf8IsRefusedAtItsFirstBadByte() throws IOException {
        byte[] start = utf8("é".repeat(5000));
        int[][] bad = {{0xFF}, {0xC3}, {0xC3, 'a'}, {0xC0, 0x80}, {0xED, 0xA0, 0x80}, {0xF5, 0x80, 0x80, 0x80}};
        for (int[] sequence : bad) {
            byte[] contents = Arrays.copyOf(start, start.length + sequence.length);
            for (int i = 0; i < sequence.length; i++) {
                contents[start.length + i] = (byte) sequence[i];
            }
            Path path = Files.write(directory.resolve("text"), contents);
            refused(path, path.toString(), "is not UTF-8: byte 0x%02x at offset 10000".formatted(sequence[0]));
        }
    }

    @Test
    void anEmptyTextIsRefused() {
        for (String text : List.of("", "\uFEFF", " \n\t\r\n", "{\"text\":\"\"}\n")) {
            for (TextUnit unit : TextUnit.values()) {
                Failures.expect(FailureKind.BAD_TEXT, () -> read(text, unit), directory.resolve("text") + "' is empty");
            }
        }
    }

    @Test
    void aMissingTextIsNamed() {
        Path nothing = directory.resolve("nothing");
        Failures.expect(
                FailureKind.NOT_FOUND,
                () -> read(nothing, TextSettings.of(TextUnit.FILE)),
                "'" + nothing + "' does not exist");
        Failures.expect(
                FailureKind.NOT_FOUND,
                () -> read(directory, TextSettings.of(TextUnit.FILE)),
                "'" + directory + "' is a directory, not a file");
    }

    private int[] tokens(String... documents) {
        return Arrays.stream(documents)
                .flatMapToInt(document -> IntStream.of(tokenizer.encode(document, true)))
                .toArray();
    }

    private TokenizedText read(String text, TextUnit unit) throws IOException {
        return read(write("text", text), TextSettings.of(unit));
    }

    private TokenizedText read(Path file, TextSettings settings) {
        return TokenizedText.read(TextSource.text(file), settings, tokenizer);
    }

    private Path write(String name, String contents) throws IOException {
        return Files.writeString(directory.resolve(name), contents);
    }

    private void refused(Path file, String... words) {
        Failures.expect(FailureKind.BAD_TEXT, () -> read(file, TextSettings.of(TextUnit.FILE)), words);
    }

    private static String words(int count) {
        return IntStream.range(0, count).mapToObj(i -> "word" + i).collect(Collectors.joining(" "));
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] gzip(byte[] contents) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(packed)) {
            out.write(contents);
        }
        return packed.toByteArray();
    }

    private static byte[] join(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }
}
