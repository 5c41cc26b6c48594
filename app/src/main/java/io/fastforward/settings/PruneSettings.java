package io.fastforward.settings;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.export.CheckpointExport;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.json.StrictJson;
import io.fastforward.prune.CalibrationTarget;
import io.fastforward.search.SearchSettings;
import io.fastforward.spi.format.Demands;
import io.fastforward.tokenizer.TextSettings;
import io.fastforward.tokenizer.TextUnit;
import org.jspecify.annotations.Nullable;

/**
 * Everything in a user's hands that determines the result of a run, beside model, texts and device. Recorded in the
 * manifest; a run is resumed with the same settings alone. The groups know the defaults and ranges of what is in them.
 *
 * @param recipe name of the {@link Recipe} that they began as, for people
 * @param text how texts are read
 * @param windows how many tokens each purpose sees
 * @param plugins who scores, searches, repairs and evaluates
 * @param budget what has to go, and what must stay
 * @param search how the search goes about it
 * @param repair what repaired modules are to do
 * @param export how the result is written
 * @param seed of everything that is random
 */
public record PruneSettings(
        String recipe,
        TextSettings text,
        WindowSettings windows,
        PluginSettings plugins,
        BudgetSettings budget,
        SearchPlan search,
        Repair repair,
        CheckpointExport.Settings export,
        long seed) {

    /** What holds unless the user says otherwise. */
    public static final PruneSettings DEFAULT = new PruneSettings(
            Recipe.DEFAULT,
            TextSettings.of(TextUnit.FILE),
            WindowSettings.DEFAULT,
            PluginSettings.DEFAULT,
            BudgetSettings.DEFAULT,
            SearchPlan.DEFAULT,
            new Repair(CalibrationTarget.RESIDUAL),
            new CheckpointExport.Settings("hf", null, 5_000_000_000L),
            1);

    /**
     * How modules are repaired, beside the windows and the plugin for it.
     *
     * @param target what repaired modules reproduce
     */
    public record Repair(CalibrationTarget target) {}

    /**
     * These settings with some replaced.
     *
     * @param overrides nested as the settings are; what is not in it stays as it is
     * @param origin where they come from, for the message
     * @throws Failure of kind {@link FailureKind#USAGE} if one is none of these settings, or has no such value
     */
    public PruneSettings with(ObjectNode overrides, String origin) {
        try {
            return StrictJson.MAPPER.treeToValue(merged(toJson(), overrides), PruneSettings.class);
        } catch (JsonProcessingException e) {
            throw FailureKind.USAGE.failure("the settings of " + origin + ": " + StrictJson.reason(e), e);
        }
    }

    /** The same with candidates of a search that are evaluated in some precision. */
    public PruneSettings evaluatingIn(PrecisionChoice precision) {
        return new PruneSettings(
                recipe, text, windows, plugins, budget, search.evaluatingIn(precision), repair, export, seed);
    }

    /** The same where a format is known. */
    public PruneSettings in(Demands demands) {
        return new PruneSettings(recipe, text, windows, plugins, budget.in(demands), search, repair, export, seed);
    }

    /** All of them, nested. */
    public ObjectNode toJson() {
        return StrictJson.MAPPER.valueToTree(this);
    }

    private static JsonNode merged(@Nullable JsonNode base, JsonNode overrides) {
        if (!(base instanceof ObjectNode group) || !overrides.isObject()) {
            return overrides;
        }
        overrides.properties().forEach(one -> group.set(one.getKey(), merged(group.get(one.getKey()), one.getValue())));
        return group;
    }

    /** What the search is told of all this. */
    public SearchSettings forSearch() {
        return search.settings(budget.sparsity(), windows, seed);
    }
}
