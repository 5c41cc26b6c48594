package io.fastforward.batch;

import com.fasterxml.jackson.databind.JsonNode;
import io.fastforward.failure.Failure;
import io.fastforward.settings.PruneSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A base, and runs in each of which one setting of it is another.
 *
 * @param name of all of it, for people
 * @param runs in the order of the file; those of the base first
 * @param changes by setting: its values as people read them, each with the name of the run that has it
 * @param contexts in which changes are compared: the combinations of the grid, as people read them
 */
public record Ablation(
        String name,
        List<PlannedRun> runs,
        Map<String, Map<String, String>> changes,
        List<Map<String, String>> contexts) {

    /** The run in which nothing is changed. */
    static final String BASE = "base";

    static final SettingPath SEED = SettingPath.of("seed");

    public Ablation {
        runs = List.copyOf(runs);
    }

    /** A change as it is run. */
    private record Change(String run, String setting, String value, Variation variation) {}

    /**
     * Reads a file: YAML, or JSON if its name ends in {@code .json}.
     *
     * @throws Failure if it makes no sense, with the line, or what it names is not there
     */
    public static Ablation read(Path path, RunTemplate template) {
        LocatedTree.Read read = LocatedTree.read(path);
        Section file = Section.of(read.tree(), read.root(), path, Batch.names(Set.of("vary", "grid", "seeds")));
        BatchFiles files = BatchFiles.of(file);
        Variation base = Variation.of(file, BASE);
        Map<SettingPath, List<JsonNode>> vary = file.values("vary");
        if (vary.isEmpty()) {
            throw file.tree()
                    .failure(file.object(), "'vary' is missing: the settings that are changed, and their values");
        }
        List<Change> changes = changes(vary, base);
        Map<SettingPath, List<JsonNode>> grid = file.values("grid");
        Map<SettingPath, List<JsonNode>> withSeeds = new LinkedHashMap<>(grid);
        if (file.value("seeds").isPresent()) {
            withSeeds.put(SEED, file.list("seeds"));
        }
        requireApart(file, vary, withSeeds);
        List<Grid.Point> points = Grid.points(withSeeds);
        Grid.requireFew((long) files.models().size() * (changes.size() + 1) * points.size());
        List<PlannedRun> runs = new ArrayList<>();
        for (String model : files.models().keySet()) {
            for (Change change : distinct(changes)) {
                PruneSettings settings = base.of(change.variation, "the change '" + change.run + "'");
                Map<String, String> differing =
                        change.run.equals(BASE) ? Map.of() : Map.of(change.setting, change.value);
                runs.addAll(template.runs(files, model, change.run, differing, Grid.in(settings, points)));
            }
        }
        RunDirectories.requireApart(runs);
        return new Ablation(
                Batch.title(file),
                runs,
                bySetting(changes),
                Grid.points(grid).stream().map(Grid.Point::values).toList());
    }

    /** What is changed is the same everywhere else, so it cannot be in the grid as well. */
    private static void requireApart(
            Section file, Map<SettingPath, List<JsonNode>> vary, Map<SettingPath, List<JsonNode>> grid) {
        vary.keySet().stream().filter(grid::containsKey).findFirst().ifPresent(both -> {
            throw file.tree()
                    .failure(
                            file.group("vary").orElseThrow(),
                            "'" + both + "' is changed and in the grid or the seeds; leave one of them out");
        });
    }

    /** Every value of every setting; one that the base has is the base's run. */
    private static List<Change> changes(Map<SettingPath, List<JsonNode>> vary, Variation base) {
        PruneSettings unchanged = base.of(Variation.none(), BASE);
        List<Change> changes = new ArrayList<>();
        vary.forEach((path, values) -> {
            String setting = path.toString();
            for (JsonNode value : values) {
                String text = SettingPath.shown(value);
                Variation variation = new Variation(Optional.empty(), path.with(value));
                boolean same = base.of(variation, setting).equals(unchanged);
                String run = same ? BASE : RunDirectories.name(Map.of(setting, text));
                changes.add(new Change(run, setting, text, same ? Variation.none() : variation));
            }
        });
        return changes;
    }

    private static List<Change> distinct(List<Change> changes) {
        List<Change> distinct = new ArrayList<>(List.of(new Change(BASE, "", "", Variation.none())));
        changes.stream().filter(change -> !change.run.equals(BASE)).forEach(distinct::add);
        return distinct;
    }

    private static Map<String, Map<String, String>> bySetting(List<Change> changes) {
        Map<String, Map<String, String>> settings = new LinkedHashMap<>();
        changes.forEach(change -> settings.computeIfAbsent(change.setting, setting -> new LinkedHashMap<>())
                .put(change.value, change.run));
        return settings;
    }
}
