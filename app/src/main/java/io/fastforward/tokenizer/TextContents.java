package io.fastforward.tokenizer;

import io.fastforward.checkpoint.FileHash;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Reason;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/**
 * The characters of a text file: unpacked if it was gzipped, decoded from UTF-8, without a byte order mark, and with
 * {@code \n} alone at the end of lines, as Python reads a text.
 *
 * @param hash of the file as it was, packed or not
 * @param gzipped whether it was packed
 * @param text the characters
 */
public record TextContents(FileHash hash, boolean gzipped, String text) {

    private static final String BYTE_ORDER_MARK = "\uFEFF";

    /**
     * Reads a text.
     *
     * @throws Failure of kind {@link FailureKind#NOT_FOUND} if it cannot be read, {@link FailureKind#BAD_TEXT} if it is
     *     not UTF-8, damaged, larger than 1 GiB, or of a format that is not read here
     */
    public static TextContents of(TextSource source) {
        byte[] contents = source.contents();
        boolean gzipped = Signature.isGzip(contents);
        byte[] plain = gzipped ? unpack(source, contents) : contents;
        return new TextContents(source.hash(contents), gzipped, decode(source, plain));
    }

    /** Text in which every end of line is a {@code \n}. */
    static String withUniversalNewlines(String text) {
        return text.indexOf('\r') < 0 ? text : text.replace("\r\n", "\n").replace('\r', '\n');
    }

    /**
     * Checks that a text from JSON holds no half of a surrogate pair, which JSON can express, but which is no character
     * and cannot be encoded.
     *
     * @param where for the message
     * @return the text
     * @throws Failure of kind {@link FailureKind#BAD_TEXT} if it does
     */
    public static String requireWholeCharacters(String text, String where) {
        text.codePoints()
                .filter(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)
                .findFirst()
                .ifPresent(c -> {
                    throw FailureKind.BAD_TEXT.failure(where + " holds half of a character, \\u"
                            + Integer.toHexString(c) + " without its other half; mend or leave out that line");
                });
        return text;
    }

    private static byte[] unpack(TextSource source, byte[] packed) {
        byte[] plain;
        try (InputStream in = new GzipMembers(packed)) {
            plain = in.readNBytes(Math.toIntExact(TextSource.LARGEST + 1)); // a small file may hold any amount of zeros
        } catch (EOFException e) {
            throw FailureKind.BAD_TEXT.failure(
                    source.describe() + " is gzipped and ends too early: it was cut off; download it again", e);
        } catch (IOException e) {
            throw FailureKind.BAD_TEXT.failure(
                    source.describe() + " is gzipped and damaged (" + Reason.of(e) + "); download it again", e);
        }
        if (plain.length > TextSource.LARGEST) {
            throw source.tooLarge("more than " + TextSource.LARGEST + " bytes once it is unpacked");
        }
        if (Signature.isGzip(plain)) {
            throw FailureKind.BAD_TEXT.failure(source.describe() + " is gzipped twice; unpack it once: gzip -dc "
                    + source.shellName() + " > out.gz");
        }
        Signature.requireText(source, plain);
        return plain;
    }

    private static String decode(TextSource source, byte[] contents) {
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer bytes = ByteBuffer.wrap(contents);
        CharBuffer characters = CharBuffer.allocate(contents.length); // UTF-8 never has more characters than bytes
        CoderResult result = decoder.decode(bytes, characters, true);
        if (result.isError()) {
            throw FailureKind.BAD_TEXT.failure(source.describe() + " is not UTF-8: byte 0x"
                    + HexFormat.of().toHexDigits(contents[bytes.position()]) + " at offset "
                    + bytes.position() + "; convert it, for example with iconv -t UTF-8");
        }
        String text = characters.flip().toString();
        return withUniversalNewlines(text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text);
    }
}
