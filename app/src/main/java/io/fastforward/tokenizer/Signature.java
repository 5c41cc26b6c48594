package io.fastforward.tokenizer;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import java.util.Arrays;
import java.util.HexFormat;

/** What files begin with that hold no plain text, though somebody may take them for one. */
enum Signature {
    PARQUET(
            "50415231",
            "a Parquet file",
            "make JSON lines of it: python -c \"import sys, pandas; pandas.read_parquet(sys.argv[1]).to_json(sys.argv[2],"
                    + " orient='records', lines=True)\" %s out.jsonl"),
    ARROW_FILE(
            "4152524f5731",
            "an Arrow file",
            "make JSON lines of it: python -c \"import sys, pandas; pandas.read_feather(sys.argv[1]).to_json(sys.argv[2],"
                    + " orient='records', lines=True)\" %s out.jsonl"),
    ARROW_STREAM(
            "ffffffff",
            "an Arrow file, as the library datasets keeps them",
            "make JSON lines of it: python -c \"import sys, datasets;"
                    + " datasets.Dataset.from_file(sys.argv[1]).to_json(sys.argv[2])\" %s out.jsonl"),
    ZSTANDARD("28b52ffd", "compressed with zstd", "unpack it: zstd -dc %s > out.txt"),
    XZ("fd377a585a00", "compressed with xz", "unpack it: xz -dc %s > out.txt"),
    BZIP2("425a68??314159265359", "compressed with bzip2", "unpack it: bzip2 -dc %s > out.txt"),
    LZ4("04224d18", "compressed with lz4", "unpack it: lz4 -dc %s > out.txt"),
    ZIP("504b0304", "a zip archive", "unpack it and give the text in it: unzip %s"),
    SEVEN_ZIP("377abcaf271c", "a 7z archive", "unpack it and give the text in it: 7z x %s"),
    TAR(257, "7573746172", "a tar archive", "unpack it and give the text in it: tar xf %s"),
    PDF("255044462d", "a PDF file", "take the text out of it: pdftotext %s out.txt"),
    UTF_32_LITTLE("fffe0000", "UTF-32", "convert it: iconv -f UTF-32 -t UTF-8 %s > out.txt"),
    UTF_32_BIG("0000feff", "UTF-32", "convert it: iconv -f UTF-32 -t UTF-8 %s > out.txt"),
    UTF_16_LITTLE("fffe", "UTF-16", "convert it: iconv -f UTF-16 -t UTF-8 %s > out.txt"),
    UTF_16_BIG("feff", "UTF-16", "convert it: iconv -f UTF-16 -t UTF-8 %s > out.txt");

    /** How much of a file has to be seen. */
    static final int HEAD_BYTES = 4096;

    /** UTF-16 without a byte order mark has a NUL in every other byte, where the text is in Latin letters. */
    private static final int NUL_SHARE = 4;

    private static final byte[] GZIP = {0x1f, (byte) 0x8b};

    private final int offset;
    private final String pattern;
    private final String what;
    private final String advice;

    Signature(String pattern, String what, String advice) {
        this(0, pattern, what, advice);
    }

    /** @param pattern the bytes in hexadecimal; two question marks stand for any byte */
    Signature(int offset, String pattern, String what, String advice) {
        this.offset = offset;
        this.pattern = pattern;
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
        for (Signature signature : values()) {
            if (signature.matches(head)) {
                throw new Failure(
                        FailureKind.BAD_TEXT,
                        source.describe() + " is " + signature.what + "; "
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
            throw new Failure(
                    FailureKind.BAD_TEXT,
                    source.describe() + " is no UTF-8 text: " + nuls + " of its first " + head.length
                            + " bytes are NUL; if it is UTF-16, convert it: iconv -f UTF-16LE -t UTF-8 "
                            + source.shellName() + " > out.txt");
        }
    }

    private boolean matches(byte[] head) {
        String found = HexFormat.of()
                .formatHex(head, Math.min(offset, head.length), Math.min(offset + pattern.length() / 2, head.length));
        if (found.length() != pattern.length()) {
            return false;
        }
        for (int i = 0; i < found.length(); i++) {
            if (pattern.charAt(i) != '?' && pattern.charAt(i) != found.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}
