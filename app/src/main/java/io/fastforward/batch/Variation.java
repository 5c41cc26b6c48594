package io.fastforward.batch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.failure.Failure;
import io.fastforward.settings.PruneSettings;
import io.fastforward.settings.Recipe;
import java.nio.file.Path;
import java.util.Optional;

/**
 * In what settings differ from others.
 *
 * @param recipe that they begin with instead: its name, or the path of its file
 * @param settings their own, nested
 */
record Variation(Optional<String> recipe, ObjectNode settings) {

    /** None. */
    static Variation none() {
        return new Variation(Optional.empty(), JsonNodeFactory.instance.objectNode());
    }

    /** What stands in a group of settings. */
    static Variation of(Section section, String group) {
        ObjectNode settings = section.settings(group);
        JsonNode recipe = settings.remove(Section.RECIPE);
        return new Variation(Optional.ofNullable(recipe).map(name -> located(section.file(), name.asText())), settings);
    }

    /** The same with a recipe that stands beside the group. */
    Variation orRecipe(Section section) {
        return new Variation(
                recipe.or(() -> section.text(Section.RECIPE).map(name -> located(section.file(), name))), settings);
    }

    /** A file of a recipe is looked for where the file lies that names it. */
    private static String located(Path file, String nameOrFile) {
        return nameOrFile.endsWith(".json") ? file.resolveSibling(nameOrFile).toString() : nameOrFile;
    }

    /**
     * All settings of a run: a recipe, what is its own in the base, and what differs from that. A recipe that differs takes the place of
     * the base's, whose own settings still hold.
     *
     * @param origin of what differs, for the message
     * @throws Failure if one has no such value
     */
    PruneSettings of(Variation differing, String origin) {
        PruneSettings begun = differing
                .recipe
                .or(() -> recipe)
                .map(name -> Recipe.find(name).applyTo(PruneSettings.DEFAULT))
                .orElse(PruneSettings.DEFAULT);
        return begun.with(settings, "the base").with(differing.settings, origin);
    }
}
