package io.fastforward.tokenizer;

import ai.djl.engine.EngineException;
import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The tokenizer that belongs to a model, read from its {@code tokenizer.json}. Runs the native library of Hugging
 * Face, so its tokens are theirs. A text is encoded as a whole, never truncated or padded, whatever the file asks for.
 * Nothing is sent or downloaded.
 *
 * <p>One long text costs more than many short ones: 1 MB takes about a second, 50 MB two to three minutes and 7 GB of
 * native memory. Lines are encoded at 0.3 to 2.5 MB a second in hardly any memory.
 *
 * <p>Used by one thread at a time.
 */
public final class Tokenizer implements AutoCloseable {

    private static final TokenizersLibrary NATIVE = TokenizersLibrary.LIB;

    private final long handle;
    private boolean closed;

    private Tokenizer(long handle) {
        this.handle = handle;
        NATIVE.disableTruncation(handle);
        NATIVE.disablePadding(handle);
    }

    /**
     * Opens the tokenizer of a model.
     *
     * @param modelDirectory holds {@code tokenizer.json}
     * @throws Failure of kind {@link FailureKind#NOT_FOUND} if it does not, {@link FailureKind#BAD_CHECKPOINT} if the
     *     file is damaged, {@link FailureKind#STORAGE} if the native library cannot be unpacked and loaded
     */
    public static Tokenizer open(Path modelDirectory) {
        Path path = modelDirectory.resolve("tokenizer.json");
        if (!Files.isRegularFile(path)) {
            throw new Failure(
                    FailureKind.NOT_FOUND,
                    "'" + path + "' does not exist; make one with transformers:"
                            + " AutoTokenizer.from_pretrained(DIR, use_fast=True).save_pretrained(DIR)");
        }
        loadNativeLibrary();
        try {
            return new Tokenizer(NATIVE.createTokenizerFromString(Files.readString(path)));
        } catch (IOException | RuntimeException e) { // the latter from the native library, if it cannot read the file
            throw damaged(path, e);
        }
    }

    /**
     * The tokens of a text.
     *
     * @param addSpecialTokens whether to add what the model expects around a document, such as a first {@code <s>}
     */
    public int[] encode(String text, boolean addSpecialTokens) {
        checkOpen();
        // The library's own front end would also copy tokens, offsets and masks to the heap: 12 times the memory.
        long encoding = NATIVE.encode(handle, text, addSpecialTokens);
        try {
            return Arrays.stream(NATIVE.getTokenIds(encoding))
                    .mapToInt(Math::toIntExact)
                    .toArray();
        } finally {
            NATIVE.deleteEncoding(encoding);
        }
    }

    /**
     * The text of some tokens. Ids that the tokenizer does not know are left out.
     *
     * @param skipSpecial whether to leave out tokens such as {@code <s>}
     */
    public String decode(int[] ids, boolean skipSpecial) {
        checkOpen();
        return NATIVE.decode(handle, Arrays.stream(ids).asLongStream().toArray(), skipSpecial);
    }

    /** Frees the native memory. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            NATIVE.deleteTokenizer(handle);
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the tokenizer is closed");
        }
    }

    /** Unpacks the native library from its jar, the first time on a machine, and loads it. */
    private static void loadNativeLibrary() {
        // Must come first: else the library may download a CUDA build of itself. It never needs the network for texts.
        System.setProperty("ai.djl.offline", "true");
        try {
            LibUtils.checkStatus();
        } catch (EngineException | LinkageError e) {
            throw new Failure(
                    FailureKind.STORAGE,
                    "the native library of the tokenizer cannot be loaded on " + System.getProperty("os.name") + " "
                            + System.getProperty("os.arch") + " (" + rootMessage(e) + "); it is unpacked into"
                            + " ~/.djl.ai: set the environment variable DJL_CACHE_DIR to a writable directory from"
                            + " which programs may run; it exists for Linux (x86_64, aarch64), macOS (aarch64) and"
                            + " Windows (x86_64)",
                    e);
        }
    }

    private static String rootMessage(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return String.valueOf(root.getMessage());
    }

    private static Failure damaged(Path path, Exception cause) {
        return new Failure(
                FailureKind.BAD_CHECKPOINT,
                "'" + path + "' is not a tokenizer that can be read: " + cause.getMessage() + "; download it again",
                cause);
    }
}
