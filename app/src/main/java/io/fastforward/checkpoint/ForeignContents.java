package io.fastforward.checkpoint;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What a file holds instead of what its name promises: leftovers of failed downloads, and formats of other programs.
 * Told from the first bytes.
 */
enum ForeignContents {
    GIT_LFS_POINTER(
            FailureKind.BAD_CHECKPOINT,
            "is a Git LFS pointer, a few lines that stand for the file,",
            "fetch the file itself: run 'git lfs install' and 'git lfs pull' in the directory, or use hf download;"
                    + " downloading the same address gives the same pointer",
            "version https://(git-lfs|hawser)\\.github\\.com/spec/"),
    TEXT_OF_A_LINK(
            FailureKind.BAD_CHECKPOINT,
            "holds the path of a link that was lost when the directory was copied,",
            "copy it from the cache again so that links are followed (cp -rL), or download the model again",
            "\\.\\./\\.\\./blobs/"),
    WEB_PAGE(
            FailureKind.BAD_CHECKPOINT,
            "is a web page, probably the one that asks to log in or tells of an error,",
            "download the file again, with hf download, after hf auth login if the model's owner must grant access",
            "<(!doctype|html|head|\\?xml|error)"),
    ANSWER_OF_A_SERVER(
            FailureKind.BAD_CHECKPOINT,
            "is the answer of a server that did not give the file,",
            "download the file again, with hf download, after hf auth login if the model's owner must grant access",
            "access (to model|to this resource|denied)|invalid (username or password|credentials|user token)"
                    + "|unauthorized|forbidden|((entry|repository|revision) )?not found|too many requests"
                    + "|internal server error|bad gateway|service unavailable|\\{\"error\""),
    PYTORCH(
            FailureKind.UNSUPPORTED_MODEL,
            "is a PyTorch file (a pickle in a ZIP archive),",
            ForeignFormat.CONVERT,
            "PK\3\4|\u0080\2[}\u008a]"),
    GGUF(
            FailureKind.UNSUPPORTED_MODEL,
            "is a GGUF or GGML file, the format of llama.cpp,",
            ForeignFormat.TAKE_ORIGINAL,
            "GGUF|(lm|fm|tj)gg"),
    HDF5(FailureKind.UNSUPPORTED_MODEL, "is an HDF5 file of TensorFlow,", ForeignFormat.TAKE_ORIGINAL, "\u0089HDF"),
    COMPRESSED(
            FailureKind.UNSUPPORTED_MODEL,
            "is a compressed file,",
            "unpack it",
            "\u001f\u008b|\u00fd7zXZ|\\(\u00b5/\u00fd|BZh|7z\u00bc\u00af"),
    EMPTY(
            FailureKind.BAD_CHECKPOINT,
            "is empty,",
            "its download was not finished, or the disk was full: download it again",
            ForeignContents.UNTOLD),
    ZEROS(
            FailureKind.BAD_CHECKPOINT,
            "begins with nothing but zeros,",
            "a program reserved the room but did not finish the download: download it again",
            ForeignContents.UNTOLD);

    /** The start of those that are not told by it: fits no text at all. */
    private static final String UNTOLD = "(?!)";

    /** How many bytes are looked at. */
    static final int LOOKED_AT = 256;

    private final FailureKind kind;
    private final String what;
    private final String advice;
    private final Pattern start;

    /** @param start the first bytes, as characters of Latin-1, or, in lower case, the first letters */
    ForeignContents(FailureKind kind, String what, String advice, String start) {
        this.kind = kind;
        this.what = what;
        this.advice = advice;
        this.start = Pattern.compile(start);
    }

    /** What a file holds, if it is recognised; a file that cannot be read is not. */
    static Optional<ForeignContents> of(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return of(in.readNBytes(LOOKED_AT));
        } catch (IOException _) {
            return Optional.empty(); // who reads on will say why
        }
    }

    /** What a file holds, if it is recognised by its first bytes: at least {@link #LOOKED_AT} of them, or all. */
    static Optional<ForeignContents> of(byte[] contents) {
        if (contents.length == 0) {
            return Optional.of(EMPTY);
        }
        String bytes = new String(contents, 0, Math.min(contents.length, LOOKED_AT), StandardCharsets.ISO_8859_1);
        if (bytes.length() >= Long.BYTES && bytes.chars().allMatch(b -> b == 0)) {
            return Optional.of(ZEROS);
        }
        String text = bytes.replaceFirst("^(\u00ef\u00bb\u00bf)?\\s*", "").toLowerCase(Locale.ROOT);
        return Arrays.stream(values())
                .filter(foreign -> foreign.start.matcher(bytes).lookingAt()
                        || foreign.start.matcher(text).lookingAt())
                .findFirst();
    }

    /** What to tell about a file with such contents where something else was expected. */
    Failure failure(Path file, String expected) {
        return kind.failure(ModelDirectory.quoted(file) + " " + what + " not " + expected + "; " + advice);
    }
}
