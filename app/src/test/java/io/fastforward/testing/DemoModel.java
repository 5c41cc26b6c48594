package io.fastforward.testing;

import io.fastforward.model.Model;
import io.fastforward.run.Demo;
import io.fastforward.tokenizer.TextSettings;
import io.fastforward.tokenizer.TextSource;
import io.fastforward.tokenizer.TextUnit;
import io.fastforward.tokenizer.TokenWindows;
import io.fastforward.tokenizer.TokenizedText;
import io.fastforward.tokenizer.Tokenizer;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import java.util.Objects;

/** The bundled demo where the build has put it: a trained model of 3.9 million parameters, its texts and questions. */
public final class DemoModel {

    /** Tokens of a window, as in the golden files. */
    public static final int WINDOW = 256;

    private DemoModel() {}

    /** The checkpoint. */
    public static Model open() {
        return Model.open(directory());
    }

    /** Its tokenizer. */
    public static Tokenizer tokenizer() {
        return Tokenizer.open(directory());
    }

    /** The multiple-choice questions. */
    public static Path tasks() {
        return directory().resolve("tasks.jsonl");
    }

    /** The first windows of the calibration text. */
    public static TokenWindows calibration(int count) {
        return TokenWindows.consecutive(tokens("calibration.txt"), WINDOW, count);
    }

    /** The first windows of the validation text. */
    public static TokenWindows validation(int count) {
        return TokenWindows.consecutive(tokens("validation.txt"), WINDOW, count);
    }

    /** A text, every line tokenised on its own. */
    public static int[] tokens(String text) {
        try (Tokenizer tokenizer = tokenizer()) {
            return TokenizedText.read(
                            TextSource.text(directory().resolve(text)), TextSettings.of(TextUnit.LINE), tokenizer)
                    .ids();
        }
    }

    /** Where all of it lies. */
    public static Path directory() {
        URL config = Objects.requireNonNull(Demo.class.getResource("/demo/config.json"));
        try {
            return Path.of(config.toURI()).resolveSibling("");
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
