package io.fastforward.tokenizer;

import io.fastforward.checkpoint.FileHash;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;

/**
 * A text file as tokens, with what identifies the file in the record of a run.
 *
 * @param path the file, as it was named
 * @param bytes its size
 * @param sha256 the SHA-256 of its contents, in lower-case hexadecimal
 * @param ids its tokens; not copied, must not be changed
 */
public record TokenizedText(Path path, long bytes, String sha256, int[] ids) {

    /** Keeps every array below its limit; a text of this size takes the tokenizer minutes anyway. */
    private static final long LARGEST = 1L << 30;

    /**
     * Reads a UTF-8 file; a byte order mark at its start is dropped. Every document gets the tokenizer's special
     * tokens.
     *
     * @throws Failure of kind {@link FailureKind#NOT_FOUND} if there is no such file, {@link FailureKind#BAD_TEXT} if
     *     it is not UTF-8, empty, or larger than 1 GiB
     */
    public static TokenizedText read(Path path, TextUnit unit, Tokenizer tokenizer) {
        byte[] contents = contents(path);
        String text = decode(path, contents);
        if (text.isBlank()) {
            throw new Failure(FailureKind.BAD_TEXT, "the text '" + path + "' is empty; give one with words in it");
        }
        int[] ids = switch (unit) {
            case FILE -> tokenizer.encode(text, true);
            case LINE -> encodeLines(text, tokenizer);
        };
        return new TokenizedText(
                path, contents.length, FileHash.of(path, contents).sha256(), ids);
    }

    /** The identity of the contents that were tokenised, for the record of a run. */
    public FileHash hash() {
        return new FileHash(String.valueOf(path.getFileName()), bytes, sha256);
    }

    private static byte[] contents(Path path) {
        if (!Files.isRegularFile(path)) {
            throw new Failure(FailureKind.NOT_FOUND, "the text '" + path + "' does not exist or is not a file");
        }
        try {
            if (Files.size(path) > LARGEST) {
                throw new Failure(
                        FailureKind.BAD_TEXT,
                        "the text '" + path + "' has " + Files.size(path) + " bytes, expected at most " + LARGEST
                                + "; give a part of it");
            }
            return Files.readAllBytes(path);
        } catch (IOException e) {
            throw new Failure(FailureKind.NOT_FOUND, "the text '" + path + "' cannot be read: " + Reason.of(e), e);
        }
    }

    private static String decode(Path path, byte[] contents) {
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer bytes = ByteBuffer.wrap(contents);
        CharBuffer characters = CharBuffer.allocate(contents.length); // UTF-8 never has more characters than bytes
        CoderResult result = decoder.decode(bytes, characters, true);
        if (result.isError()) {
            throw new Failure(
                    FailureKind.BAD_TEXT,
                    "the text '" + path + "' is not UTF-8: byte 0x"
                            + HexFormat.of().toHexDigits(contents[bytes.position()]) + " at offset "
                            + bytes.position() + "; convert it, for example with iconv -t UTF-8");
        }
        String text = characters.flip().toString();
        return text.startsWith("\uFEFF") ? text.substring(1) : text;
    }

    private static int[] encodeLines(String text, Tokenizer tokenizer) {
        List<int[]> documents = text.lines()
                .filter(line -> !line.isBlank())
                .map(line -> tokenizer.encode(line, true))
                .toList();
        int[] ids = new int
                [Math.toIntExact(documents.stream()
                        .mapToLong(document -> document.length)
                        .sum())];
        int filled = 0;
        for (int[] document : documents) {
            System.arraycopy(document, 0, ids, filled, document.length);
            filled += document.length;
        }
        return ids;
    }
}
