package io.fastforward.settings;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.failure.Reason;
import io.fastforward.failure.Setting;
import io.fastforward.json.StrictJson;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * A way to prune by its name: settings of a run, as far as it has any of its own. It is data; whatever it says can be
 * said by other settings, and each of them can be overridden.
 *
 * @param name by which a user asks for it
 * @param summary what it does, in a line
 * @param source where it was published, and what of it is a reconstruction
 * @param settings its own, nested as {@link PruneSettings}
 */
public record Recipe(String name, String summary, String source, ObjectNode settings) {

    /** The one that is used unless the user says otherwise. */
    public static final String DEFAULT = "fastforward";

    private static final List<String> BUILT_IN =
            List.of(DEFAULT, "fastforward-paper", "fasp", "spap", "flap", "wanda-sp");
    private static final String SUFFIX = ".json";

    /** A recipe has some ten settings. */
    private static final int LARGEST = 1 << 20;

    /**
     * Checks that its settings are some.
     *
     * @throws Failure of kind {@link FailureKind#USAGE} if not
     */
    public Recipe {
        if (!name.matches("[a-z0-9][a-z0-9.-]{0,63}")) {
            throw FailureKind.USAGE.failure("the name of a recipe, '" + OneLine.of(name)
                    + "', must be at most 64 lower case letters, digits, dots and hyphens");
        }
        settings = settings.deepCopy();
        PruneSettings.DEFAULT.with(settings, "the recipe " + name);
    }

    /** Those that come with FastForward. */
    public static List<Recipe> builtIn() {
        return BUILT_IN.stream().map(Recipe::builtIn).toList();
    }

    /**
     * The recipe of some name, or in some file.
     *
     * @param nameOrFile a name, or the path of a file, which ends in {@code .json}
     * @throws Failure if there is none, or it is damaged
     */
    public static Recipe find(String nameOrFile) {
        if (nameOrFile.endsWith(SUFFIX)) {
            return read(Path.of(nameOrFile));
        }
        if (!BUILT_IN.contains(nameOrFile)) {
            throw FailureKind.USAGE.failure("there is no recipe '" + OneLine.of(nameOrFile) + "' (" + Setting.RECIPE
                    + "); there are " + BUILT_IN.stream().collect(Collectors.joining(", "))
                    + ", and files of yours whose names end in " + SUFFIX);
        }
        return builtIn(nameOrFile);
    }

    /** Some settings, with those of the recipe in their place. */
    public PruneSettings applyTo(PruneSettings base) {
        return base.with(settings.deepCopy().put("recipe", name), "the recipe " + name);
    }

    private static Recipe builtIn(String name) {
        String resource = "recipes/" + name + SUFFIX;
        try (InputStream in = Objects.requireNonNull(Recipe.class.getResourceAsStream(resource), resource)) {
            return StrictJson.read(in.readAllBytes(), Recipe.class);
        } catch (IOException e) {
            throw new UncheckedIOException("the recipe " + name + " cannot be read from the jar", e);
        }
    }

    private static Recipe read(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(LARGEST + 1);
            if (bytes.length > LARGEST) {
                throw FailureKind.USAGE.failure("the recipe " + file + " has more than " + LARGEST + " bytes");
            }
            return StrictJson.read(bytes, Recipe.class);
        } catch (JsonProcessingException e) {
            throw e.getCause() instanceof Failure failure
                    ? failure
                    : FailureKind.USAGE.failure(
                            "the recipe " + file + " is none: " + StrictJson.reason(e)
                                    + "; the command 'recipes NAME' prints one to begin with",
                            e);
        } catch (IOException e) {
            throw FailureKind.NOT_FOUND.failure("the recipe " + file + " cannot be read: " + Reason.of(e), e);
        }
    }
}
