package io.fastforward.cli;

import static java.util.Objects.requireNonNullElse;

import io.fastforward.failure.Setting;
import io.fastforward.tokenizer.TextFormat;
import io.fastforward.tokenizer.TextSettings;
import io.fastforward.tokenizer.TextUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of commands that read texts. */
@OptionHeading("Texts and figures")
final class TextOptions {

    @Option(
            names = "--window",
            paramLabel = "N",
            description = "Tokens of a window; default: 2048, or the model's context if that is shorter.")
    private @Nullable Integer windowLength;

    @Option(
            names = "--text-unit",
            paramLabel = "UNIT",
            description = "What is one document (${COMPLETION-CANDIDATES}): file, a whole text or record of JSON lines;"
                    + " line, each line; wikitext, all rows joined by two newlines, as papers read WikiText.")
    private @Nullable TextUnit unit;

    @Option(
            names = "--text-format",
            paramLabel = "FORMAT",
            description = "What texts hold (${COMPLETION-CANDIDATES}); default: ${bundle:default.text.format}, which is"
                    + " JSON lines if the file's name or first line says so, else plain text.")
    private @Nullable TextFormat format;

    @Option(
            names = "--text-field",
            paramLabel = "NAME",
            description = "The field of JSON lines that holds the text; default: ${bundle:default.text.field}.")
    private @Nullable String field;

    /** Tokens of a window. */
    int windowLength(int base) {
        // 0 stands for a default in the settings, and is no length that a user can mean.
        if (windowLength != null) {
            Setting.WINDOW_LENGTH.requireAtLeast(2, windowLength);
        }
        return requireNonNullElse(windowLength, base);
    }

    /** Whether any was said. */
    boolean given() {
        return windowLength != null || unit != null || format != null || field != null;
    }

    TextSettings settings(TextSettings base) {
        return new TextSettings(
                requireNonNullElse(unit, base.unit()),
                requireNonNullElse(format, base.format()),
                requireNonNullElse(field, base.field()));
    }
}
