package io.fastforward.cli;

import io.fastforward.tokenizer.TextFormat;
import io.fastforward.tokenizer.TextSettings;
import io.fastforward.tokenizer.TextUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of commands that read texts. */
final class TextOptions {

    @Option(
            names = "--text-unit",
            paramLabel = "UNIT",
            description = "What is one document (${COMPLETION-CANDIDATES}): file, a whole text or record of JSON lines;"
                    + " line, each line; wikitext, all rows joined by two newlines, as papers read WikiText.")
    private @Nullable TextUnit unit;

    @Option(
            names = "--text-format",
            paramLabel = "FORMAT",
            description =
                    "What texts hold (${COMPLETION-CANDIDATES}); default: ${DEFAULT-VALUE}, which is JSON lines if"
                            + " the file's name or first line says so, else plain text.")
    private TextFormat format = TextFormat.AUTO;

    @Option(
            names = "--text-field",
            paramLabel = "NAME",
            description = "The field of JSON lines that holds the text; default: ${DEFAULT-VALUE}.")
    private String field = TextSettings.DEFAULT_FIELD;

    TextSettings settings(TextUnit unless) {
        return new TextSettings(unit == null ? unless : unit, format, field);
    }
}
