package io.fastforward.cli;

import io.fastforward.model.Model;
import io.fastforward.record.PruneResult;
import io.fastforward.run.PruneRequest;
import io.fastforward.settings.WindowSettings;
import io.fastforward.tokenizer.TextFormat;
import io.fastforward.tokenizer.TextSettings;
import io.fastforward.tokenizer.TextSource;
import io.fastforward.tokenizer.TextUnit;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What a user may want to do with a pruned model, as lines for a shell. */
final class NextSteps {

    private NextSteps() {}

    static List<String> after(PruneRequest request, PruneResult result) {
        if (!Model.canOpen(Path.of(result.output()))) { // in a format for other programs
            return List.of(ShellCommand.of(List.of("inspect", result.runDirectory())));
        }
        List<String> evaluate = new ArrayList<>(List.of("evaluate", result.output()));
        evaluate.addAll(text(request));
        evaluate.addAll(window(request.settings().windows()));
        return List.of(
                ShellCommand.of(List.of("inspect", result.output())),
                ShellCommand.of(List.of(
                        "generate",
                        request.files().model().toString(),
                        result.output(),
                        "--prompt",
                        "Once upon a time")),
                ShellCommand.of(evaluate));
    }

    /** The text that figures were reported on, as options of a command; a pipe is gone by then. */
    private static List<String> text(PruneRequest request) {
        Path file = request.files().evaluationText().orElse(request.files().calibrationText());
        TextSettings settings = request.settings().text();
        List<String> options =
                new ArrayList<>(List.of("--text", TextSource.text(file).isStream() ? "FILE" : file.toString()));
        options.addAll(reading(settings));
        return options;
    }

    /** The length of windows, as an option of a command; none where it is the model's. */
    static List<String> window(WindowSettings windows) {
        return windows.length() == 0 ? List.of() : List.of("--window", String.valueOf(windows.length()));
    }

    /** How texts are read, as options of a command. */
    static List<String> reading(TextSettings settings) {
        List<String> options = new ArrayList<>();
        if (settings.unit() != TextUnit.FILE) {
            options.addAll(List.of("--text-unit", settings.unit().name().toLowerCase(Locale.ROOT)));
        }
        if (settings.format() != TextFormat.AUTO) {
            options.addAll(List.of("--text-format", settings.format().name().toLowerCase(Locale.ROOT)));
        }
        if (!settings.field().equals(TextSettings.DEFAULT_FIELD)) {
            options.addAll(List.of("--text-field", settings.field()));
        }
        return options;
    }
}
