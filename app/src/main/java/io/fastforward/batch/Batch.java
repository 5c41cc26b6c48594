package io.fastforward.batch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.failure.Failure;
import io.fastforward.settings.PruneSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Runs that a file asks for: every one of its runs, with every combination of its grid, on every one of its models.
 *
 * @param name of all of it, for people
 * @param runs in the order of the file
 */
public record Batch(String name, List<PlannedRun> runs) {

    private static final Set<String> RUN = Set.of("name", Section.RECIPE, "settings");
    private static final String BASE = "base";

    public Batch {
        runs = List.copyOf(runs);
    }

    /** A run as the file has it. */
    private record Named(String name, Variation variation) {}

    /**
     * Reads a file: YAML, or JSON if its name ends in {@code .json}.
     *
     * @throws Failure if it makes no sense, with the line, or what it names is not there
     */
    public static Batch read(Path path, RunTemplate template) {
        LocatedTree.Read read = LocatedTree.read(path);
        Section file = Section.of(read.tree(), read.root(), path, names(Set.of("runs", "grid")));
        BatchFiles files = BatchFiles.of(file);
        Variation base = Variation.of(file, BASE);
        List<Named> named = named(file);
        List<Grid.Point> points = Grid.points(file.values("grid"));
        Grid.requireFew((long) files.models().size() * named.size() * points.size());
        List<PlannedRun> runs = new ArrayList<>();
        for (String model : files.models().keySet()) {
            for (Named one : named) {
                PruneSettings settings = base.of(one.variation, "the run '" + one.name + "'");
                Map<String, String> differing = new LinkedHashMap<>();
                one.variation.recipe().ifPresent(recipe -> differing.put(Section.RECIPE, recipe));
                differing.putAll(SettingPath.leaves(one.variation.settings()));
                runs.addAll(template.runs(files, model, one.name, differing, Grid.in(settings, points)));
            }
        }
        RunDirectories.requireApart(runs);
        return new Batch(title(file), runs);
    }

    /** The names that a file may have, with some that only some have. */
    static Set<String> names(Set<String> own) {
        Set<String> names = new TreeSet<>(BatchFiles.NAMES);
        names.addAll(own);
        names.addAll(Set.of("name", BASE));
        return names;
    }

    static String title(Section file) {
        return file.text("name").orElseGet(() -> String.valueOf(file.file().getFileName()));
    }

    private static List<Named> named(Section file) {
        if (file.value("runs").isEmpty()) {
            return List.of(new Named(BASE, Variation.none()));
        }
        List<Named> runs = new ArrayList<>();
        for (JsonNode element : file.list("runs")) {
            if (!(element instanceof ObjectNode object)) {
                throw file.tree().failure(element, "a run has names and values, such as 'name: wanda'");
            }
            Section run = Section.of(file.tree(), object, file.file(), RUN);
            String name = run.text("name").orElseThrow(() -> file.tree().failure(object, "a run needs a 'name'"));
            RunDirectories.requireName(name);
            if (runs.stream().anyMatch(other -> other.name.equals(name))) {
                throw file.tree().failure(object, "two runs are called '" + name + "'");
            }
            runs.add(new Named(name, Variation.of(run, "settings").orRecipe(run)));
        }
        return runs;
    }
}
