package io.fastforward.tokenizer;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Pattern;

/** What files begin with that hold no plain text, though somebody may take them for one. */
enum Signature {
    PARQUET(
            "PAR1",
            "a Parquet file",
            "make JSON lines of it: python -c \"import sys, pandas;"
                    + " pandas.read_parquet(sys.argv[1]).to_json(sys.argv[2], orient='records', lines=True)\" %s"
                    + " out.jsonl"),
    ARROW_FILE(
            "ARROW1",
            "an Arrow file",
            "make JSON lines of it: python -c \"import sys, pandas;"
                    + " pandas.read_feather(sys.argv[1]).to_json(sys.argv[2], orient='records', lines=True)\" %s"
                    + " out.jsonl"),
    ARROW_STREAM(
            "\u00ff{4}",
            "an Arrow file, as the library datasets keeps them",
            "make JSON lines of it: python -c \"import sys, datasets;"
                    + " datasets.Dataset.from_file(sys.argv[1]).to_json(sys.argv[2])\" %s out.jsonl"),
    ZSTANDARD("\\(\u00b5/\u00fd", "compressed with zstd", "unpack it: zstd -dc %s > out.txt"),
    XZ("\u00fd7zXZ\0", "compressed with xz", "unpack it: xz -dc %s > out.txt"),
    BZIP2("BZh.1AY&SY", "compressed with bzip2", "unpack it: bzip2 -dc %s > out.txt"),
    LZ4("\4\"M\u0018", "compressed with lz4", "unpack it: lz4 -dc %s > out.txt"),
    ZIP("PK\3\4", "a zip archive", "unpack it and give the text in it: unzip %s"),
    SEVEN_ZIP("7z\u00bc\u00af'\u001c", "a 7z archive", "unpack it and give the text in it: 7z x %s"),
    TAR(".{257}ustar", "a tar archive", "unpack it and give the text in it: tar xf %s"),
    PDF("%PDF-", "a PDF file", "take the text out of it: pdftotext %s out.txt"),
    UTF_32("\u00ff\u00fe\0\0|\0\0\u00fe\u00ff", "UTF-32", "convert it: iconv -f UTF-32 -t UTF-8 %s > out.txt"),
    UTF_16("\u00ff\u00fe|\u00fe\u00ff", "UTF-16", "convert it: iconv -f UTF-16 -t UTF-8 %s > out.txt");

    /** How much of a file has to be seen. */
    static final int HEAD_BYTES = 4096;

    /** UTF-16 without a byte order mark has a NUL in every other byte, where the text is in Latin letters. */
    private static final int NUL_SHARE = 4;

    private static final byte[] GZIP = {0x1f, (byte) 0x8b};

    private final Pattern start;
    private final String what;
    private final String advice;

    /** @param start the first bytes, as characters of Latin-1 */
    Signature(String start, String what, String advice) {
        this.start = Pattern.compile(start, Pattern.DOTALL);
        this.what = what;
        this.advice = advice;
    }

    /** Whether contents are compressed with gzip. */
    static boolean isGzip(byte[] contents) {
        return contents.length >= GZIP.length && Arrays.equals(contents, 0, GZIP.length, GZIP, 0, GZIP.length);
    }

    /**
     * Checks that contents are not known to be something else than a text, perhaps a compressed one.
     *
     * @param contents at least the first {@link #HEAD_BYTES}, if there are so many
     * @throws Failure of kind {@link FailureKind#BAD_TEXT} that says what they are and what to do
     */
    static void requireText(TextSource source, byte[] contents) {
        byte[] head = Arrays.copyOf(contents, Math.min(contents.length, HEAD_BYTES));
        String start = new String(head, StandardCharsets.ISO_8859_1);
        for (Signature signature : values()) {
            if (signature.start.matcher(start).lookingAt()) {
                throw FailureKind.BAD_TEXT.failure(source.describe() + " is " + signature.what + "; "
                        + String.format(signature.advice, source.shellName()));
            }
        }
        if (isGzip(head)) {
            return; // looked at once it is unpacked
        }
        int nuls = 0;
        for (byte one : head) {
            nuls += one == 0 ? 1 : 0;
        }
        if (nuls > head.length / NUL_SHARE) {
            throw FailureKind.BAD_TEXT.failure(
                    source.describe() + " is no UTF-8 text: " + nuls + " of its first " + head.length
                            + " bytes are NUL; if it is UTF-16, convert it: iconv -f UTF-16LE -t UTF-8 "
                            + source.shellName() + " > out.txt");
        }
    }
}
