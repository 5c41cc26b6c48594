package io.fastforward.tokenizer;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.failure.Setting;
import java.nio.file.Path;
import java.util.HexFormat;

/**
 * The tokenizer that belongs to a model, read from its {@code tokenizer.json} and the files beside it that name further
 * tokens. Runs the native library of Hugging Face, so its tokens are theirs. A text is encoded as a whole, never
 * truncated or padded, whatever the file asks for. Nothing is sent or downloaded.
 *
 * <p>The library runs in a process of its own, because a damaged file or an unforeseen text makes it abort.
 *
 * <p>One long text costs more than many short ones: 1 MB takes about a second, 50 MB two to three minutes and 7 GB of
 * native memory. Lines are encoded at 0.3 to 2.5 MB a second in hardly any memory.
 *
 * <p>Used by one thread at a time.
 */
public final class Tokenizer implements AutoCloseable {

    private static final int QUOTED = 40;

    private final Path path;
    private final TokenizerProcess process;
    private final int vocabularySize;
    private boolean closed;

    private Tokenizer(Path path, TokenizerProcess process, int vocabularySize) {
        this.path = path;
        this.process = process;
        this.vocabularySize = vocabularySize;
    }

    /**
     * Opens a tokenizer whose ids are for no model in particular.
     *
     * @param modelDirectory as in {@link #open(Path, int)}
     * @throws Failure as {@link #open(Path, int)} does
     */
    public static Tokenizer open(Path modelDirectory) {
        return open(modelDirectory, Integer.MAX_VALUE);
    }

    /**
     * Opens the tokenizer of a model.
     *
     * @param modelDirectory holds {@code tokenizer.json}
     * @param vocabularySize of the model: no text gets a token whose id is not below it
     * @throws Failure of kind {@link FailureKind#NOT_FOUND} if there is no such file, {@link FailureKind#BAD_CHECKPOINT}
     *     if it, or one beside it, is damaged, {@link FailureKind#STORAGE} if the native library cannot be unpacked and
     *     loaded
     */
    public static Tokenizer open(Path modelDirectory, int vocabularySize) {
        TokenizerFile file = TokenizerFile.read(modelDirectory);
        TokenizerProcess process = TokenizerProcess.start(TokenizerProcess.PATIENCE);
        try {
            process.open(file.json());
            process.encode("", true); // with some mistakes, such as a template's, the library aborts only now
            return new Tokenizer(file.path(), process, vocabularySize);
        } catch (TokenizerTrouble e) {
            process.close();
            throw file.refused(e);
        }
    }

    /**
     * The tokens of a text.
     *
     * @param addSpecialTokens whether to add what the model expects around a document, such as a first {@code <s>}
     * @throws Failure of kind {@link FailureKind#BAD_CHECKPOINT} if the tokenizer has none for some part of it, or one
     *     that the model does not have, {@link FailureKind#BAD_TEXT} if it is too long, or holds half a character,
     *     or if the tokenizer's process is killed
     */
    public int[] encode(String text, boolean addSpecialTokens) {
        checkOpen();
        requireWholeCharacters(text);
        try {
            int[] ids = process.encode(text, addSpecialTokens);
            for (int id : ids) {
                if (Integer.compareUnsigned(id, vocabularySize) >= 0) {
                    throw beyond(id);
                }
            }
            return ids;
        } catch (TokenizerTrouble e) {
            throw cannotEncode(text, e);
        }
    }

    /**
     * The text of some tokens. Ids that the tokenizer does not know are left out.
     *
     * @param skipSpecial whether to leave out tokens such as {@code <s>}
     * @throws Failure of kind {@link FailureKind#BAD_CHECKPOINT} if the tokenizer cannot tell it,
     *     {@link FailureKind#STORAGE} if its process is killed
     */
    public String decode(int[] ids, boolean skipSpecial) {
        checkOpen();
        try {
            return process.decode(ids, skipSpecial);
        } catch (TokenizerTrouble e) {
            if (e.kind() == TokenizerTrouble.Kind.KILLED) {
                throw e.killed("the text of " + ids.length + " tokens cannot be told");
            }
            throw FailureKind.BAD_CHECKPOINT.failure(
                    "the tokenizer '" + path + "' cannot tell the text of " + ids.length + " tokens: " + reason(e)
                            + "; download it again",
                    e);
        }
    }

    /** Ends its process. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            process.close();
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the tokenizer is closed");
        }
    }

    /** Escapes of JSON can name the halves of characters one by one; UTF-8 has no bytes for them. */
    private static void requireWholeCharacters(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                if (!Character.isSupplementaryCodePoint(text.codePointAt(i))) {
                    throw FailureKind.BAD_TEXT.failure(
                            "a text has half a character at position " + i + ", the surrogate U+"
                                    + HexFormat.of().withUpperCase().toHexDigits(text.charAt(i))
                                    + "; write the whole character");
                }
                i++;
            }
        }
    }

    private Failure beyond(int id) {
        return FailureKind.BAD_CHECKPOINT.failure(
                "the tokenizer '" + path + "' gives the text a token with the id " + Integer.toUnsignedString(id) + " ("
                        + nameOf(id) + "), but the model has a vocabulary of " + vocabularySize
                        + ": ids must be below that; put the model's own tokenizer there, or give the model a row for"
                        + " every token with transformers: model.resize_token_embeddings(len(tokenizer))");
    }

    private String nameOf(int id) {
        try {
            return id < 0 ? "no token has it" : "'" + OneLine.of(process.decode(new int[] {id}, false)) + "'";
        } catch (TokenizerTrouble _) {
            return "its text cannot be told"; // what matters is the id
        }
    }

    private Failure cannotEncode(String text, TokenizerTrouble trouble) {
        if (trouble.kind() == TokenizerTrouble.Kind.OUT_OF_MEMORY) {
            return FailureKind.BAD_TEXT.failure(
                    "a text of " + text.length() + " characters does not fit into the tokenizer's memory; give a part"
                            + " of it, or make every line a text of its own with " + Setting.TEXT_UNIT + " LINE",
                    trouble);
        }
        if (trouble.kind() == TokenizerTrouble.Kind.KILLED) {
            return FailureKind.BAD_TEXT.failure(
                    "a text of " + text.length() + " characters cannot be encoded: " + reason(trouble)
                            + "; free memory, give a part of the text, or make every line a text of its own with"
                            + " " + Setting.TEXT_UNIT + " LINE",
                    trouble);
        }
        String start = text.length() <= QUOTED ? text : text.substring(0, QUOTED) + "…";
        return FailureKind.BAD_CHECKPOINT.failure(
                "the tokenizer '" + path + "' cannot encode the text of " + text.length() + " characters '"
                        + OneLine.of(start) + "': " + reason(trouble)
                        + "; give a text of characters that it has tokens for, or download the tokenizer again",
                trouble);
    }

    private static String reason(TokenizerTrouble trouble) {
        return OneLine.of(String.valueOf(trouble.getMessage()));
    }
}
