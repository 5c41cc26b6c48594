package io.fastforward.batch;

import io.fastforward.run.Compute;
import io.fastforward.run.PruneRequest;
import io.fastforward.settings.PruneSettings;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the runs of a file have in common beside their settings.
 *
 * @param output directory of all of them
 * @param resume whether to go on with those that were begun
 * @param keepModels whether what they write stays once its figures are known
 * @param compute what each may compute with
 */
public record RunTemplate(Path output, boolean resume, boolean keepModels, Compute compute) {

    private static final String MODEL = "pruned";
    private static final String RECORD = "pruned-run";

    /**
     * A run at every point of a grid.
     *
     * @param files what all of them read
     * @param model name of its model
     * @param name its own
     * @param settings in which it differs by itself, by their paths
     * @param values those of the grid
     */
    List<PlannedRun> runs(
            BatchFiles files, String model, String name, Map<String, String> settings, List<Settled> values) {
        return values.stream()
                .map(point -> run(files, model, name, settings, point))
                .toList();
    }

    private PlannedRun run(BatchFiles files, String model, String name, Map<String, String> settings, Settled values) {
        Path directory = new RunDirectories(output).of(model, name, values.grid());
        Map<String, String> differing = new LinkedHashMap<>(settings);
        differing.putAll(values.grid());
        Path source = files.models().get(model);
        if (source == null) {
            throw new IllegalArgumentException("there is no model '" + model + "'");
        }
        PruneRequest request = new PruneRequest(
                values.settings(),
                files.of(source, values.settings()),
                directory.resolve(MODEL),
                keepModels,
                directory.resolve(RECORD),
                resume,
                false,
                compute);
        return new PlannedRun(model, name, differing, request);
    }

    /**
     * Settings at a point of a grid.
     *
     * @param settings all of them
     * @param grid those of the grid, as people read them
     */
    record Settled(PruneSettings settings, Map<String, String> grid) {}
}
