package io.fastforward.checkpoint;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

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
            "version https://git-lfs.github.com/spec/",
            "version https://hawser.github.com/spec/"),
    TEXT_OF_A_LINK(
            FailureKind.BAD_CHECKPOINT,
            "holds the path of a link that was lost when the directory was copied,",
            "copy it from the cache again so that links are followed (cp -rL), or download the model again",
            "../../blobs/"),
    WEB_PAGE(
            FailureKind.BAD_CHECKPOINT,
            "is a web page, probably the one that asks to log in or tells of an error,",
            "download the file again, with hf download, after hf auth login if the model's owner must grant access",
            "<!doctype",
            "<html",
            "<head",
            "<?xml",
            "<error"),
    ANSWER_OF_A_SERVER(
            FailureKind.BAD_CHECKPOINT,
            "is the answer of a server that did not give the file,",
            "download the file again, with hf download, after hf auth login if the model's owner must grant access",
            "access to model",
            "access to this resource",
            "access denied",
            "invalid username or password",
            "invalid credentials",
            "invalid user token",
            "unauthorized",
            "forbidden",
            "entry not found",
            "repository not found",
            "revision not found",
            "not found",
            "too many requests",
            "internal server error",
            "bad gateway",
            "service unavailable",
            "{\"error\""),
    PYTORCH(
            FailureKind.UNSUPPORTED_MODEL,
            "is a PyTorch file (a pickle in a ZIP archive),",
            ForeignFormat.CONVERT,
            "PK\3\4",
            "\u0080\2}",
            "\u0080\2\u008a"),
    GGUF(
            FailureKind.UNSUPPORTED_MODEL,
            "is a GGUF or GGML file, the format of llama.cpp,",
            ForeignFormat.TAKE_ORIGINAL,
            "GGUF",
            "lmgg",
            "fmgg",
            "tjgg"),
    HDF5(FailureKind.UNSUPPORTED_MODEL, "is an HDF5 file of TensorFlow,", ForeignFormat.TAKE_ORIGINAL, "\u0089HDF"),
    COMPRESSED(
            FailureKind.UNSUPPORTED_MODEL,
            "is a compressed file,",
            "unpack it",
            "\u001f\u008b",
            "\u00fd7zXZ",
            "(\u00b5/\u00fd",
            "BZh",
            "7z\u00bc\u00af"),
    EMPTY(
            FailureKind.BAD_CHECKPOINT,
            "is empty,",
            "its download was not finished, or the disk was full: download it again"),
    ZEROS(
            FailureKind.BAD_CHECKPOINT,
            "begins with nothing but zeros,",
            "a program reserved the room but did not finish the download: download it again");

    /** How many bytes are looked at. */
    static final int LOOKED_AT = 256;

    private final FailureKind kind;
    private final String what;
    private final String advice;
    private final Pattern start;

    ForeignContents(FailureKind kind, String what, String advice, String... starts) {
        this.kind = kind;
        this.what = what;
        this.advice = advice;
        this.start = Pattern.compile(
                starts.length == 0
                        ? "(?!)" // fits no text at all
                        : Stream.of(starts).map(Pattern::quote).collect(Collectors.joining("|")));
    }

    /** What a file holds, if it is recognised; a file that cannot be read is not. */
    static Optional<ForeignContents> of(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return of(in.readNBytes(LOOKED_AT));
        } catch (IOException _) {
            return Optional.empty(); // who reads on will say why
        }
    }

    /** What a file holds, if it is recognised by its first bytes: {@link #LOOKED_AT} of them, or all. */
    static Optional<ForeignContents> of(byte[] start) {
        if (start.length == 0) {
            return Optional.of(EMPTY);
        }
        String bytes = new String(start, StandardCharsets.ISO_8859_1);
        if (start.length >= Long.BYTES && bytes.chars().allMatch(b -> b == 0)) {
            return Optional.of(ZEROS);
        }
        String text = bytes.replaceFirst("^(\u00ef\u00bb\u00bf)?\\s*", "").toLowerCase(Locale.ROOT);
        for (ForeignContents contents : values()) {
            if (contents.start.matcher(bytes).lookingAt()
                    || contents.start.matcher(text).lookingAt()) {
                return Optional.of(contents);
            }
        }
        return Optional.empty();
    }

    /** What to tell about a file with such contents where something else was expected. */
    Failure failure(Path file, String expected) {
        return new Failure(kind, ModelDirectory.quoted(file) + " " + what + " not " + expected + "; " + advice);
    }
}
