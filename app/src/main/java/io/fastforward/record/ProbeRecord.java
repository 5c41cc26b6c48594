package io.fastforward.record;

import io.fastforward.checkpoint.AtomicDirectory;
import io.fastforward.checkpoint.FileHash;
import io.fastforward.checkpoint.StorageFailure;
import io.fastforward.failure.Failure;
import io.fastforward.failure.OneLine;
import io.fastforward.nested.Probe;
import io.fastforward.nested.UnitRanking;
import io.fastforward.prune.LayerScores;
import io.fastforward.prune.ScoringPass;
import io.fastforward.report.Progress;
import io.fastforward.search.Prior;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.search.Workload.RepairedMap;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What a run keeps between scoring its units and having tried its modules: the scores, {@code scored-units.json}; a file in
 * {@code probes} for each repaired output map; and what came of the modules so far, {@code probes.json}. None of it is there any
 * more once the ranking is.
 */
public final class ProbeRecord implements ScoringPass.RepairedMaps {

    static final String SCORED = "scored-units.json";
    static final String PROBES = "probes.json";
    static final String MAPS = "probes";
    private static final Pattern MAP_FILE = Pattern.compile("module-[0-9]+\\.f32(\\.partial-[0-9a-f]{8})?");

    private final RecordStore store;
    private final String run;
    private final Map<Integer, Stored> maps = new HashMap<>();

    /** @param run id of the run */
    ProbeRecord(RecordStore store, String run) {
        this.store = store;
        this.run = run;
    }

    /** An output map that was written for a number of units. */
    private record Stored(int units, String sha256) {}

    /** The contents of {@code scored-units.json}. */
    private record Scored(UnitRanking ranking, Map<Integer, Stored> maps) {}

    /** The contents of {@code probes.json}. */
    private record Tried(List<Probe> probes) {}

    /**
     * The scores of a run that was interrupted before it had tried all modules.
     *
     * @param progress is told if it has to score once more
     * @throws Failure if they are damaged, or of another model
     */
    public Optional<UnitRanking> scored(ModelSpec spec, Progress progress) {
        Path file = store.file(SCORED);
        if (!store.holds(SCORED)) {
            return Optional.empty();
        }
        Scored scored = RecordFile.read(file, run, Scored.class);
        try {
            scored.ranking().requireFits(spec);
            requireMaps(spec, scored.maps());
        } catch (IllegalArgumentException e) {
            throw RecordFile.damaged(file, OneLine.of(String.valueOf(e.getMessage())), e);
        }
        maps.putAll(scored.maps());
        if (!repairedMaps().areIntact()) {
            progress.note("Warning: an output map in '" + store.file(MAPS)
                    + "' is damaged or gone; the units are scored once more");
            maps.clear();
            return Optional.empty();
        }
        return Optional.of(scored.ranking());
    }

    private static void requireMaps(ModelSpec spec, Map<Integer, Stored> maps) {
        List<ModuleSpec> modules = spec.modules();
        for (int module = 0; module < modules.size(); module++) {
            int units = Prior.probedUnits(modules.get(module).units());
            Stored map = maps.get(module);
            if ((map == null ? 0 : map.units()) != units) {
                throw new IllegalArgumentException(
                        "it has no output map of module " + module + " with " + units + " units");
            }
        }
        if (maps.keySet().stream().anyMatch(module -> module < 0 || module >= modules.size())) {
            throw new IllegalArgumentException("it has output maps of more than the model's modules");
        }
    }

    /** Keeps an output map. */
    @Override
    public String accept(int module, int units, Matrix output) {
        String name = mapName(module);
        store.makeFolder(MAPS);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment numbers = output.copy(DataType.F32, arena).data();
            String sha256 =
                    store.write(name, numbers.byteSize(), List.of(numbers)).sha256();
            maps.put(module, new Stored(units, sha256));
            return sha256;
        }
    }

    @Override
    public void takeBack(LayerScores.RepairedMap map) {
        Path file = store.file(mapName(map.module()));
        if (FileHash.find(file)
                .filter(found -> found.sha256().equals(map.sha256()))
                .isEmpty()) {
            throw new IllegalArgumentException("'" + file + "' is damaged or gone");
        }
        maps.put(map.module(), new Stored(map.units(), map.sha256()));
    }

    /** The scores, once all output maps are kept. */
    public void saveScored(UnitRanking ranking) {
        store.write(SCORED, RecordFile.bytes(run, new Scored(ranking, maps)));
    }

    /** The output maps that are kept. */
    public RepairedMapFiles repairedMaps() {
        Map<Integer, RepairedMap> files = new HashMap<>();
        maps.forEach((module, map) -> files.put(
                module,
                new RepairedMap(
                        map.units(),
                        store.file(mapName(module)).toAbsolutePath().toString(),
                        map.sha256())));
        return new RepairedMapFiles(files);
    }

    /**
     * What came of the first modules.
     *
     * @param modules how many there are
     * @throws Failure if it is damaged
     */
    public List<Probe> probes(int modules) {
        if (!store.holds(PROBES)) {
            return List.of();
        }
        List<Probe> probes =
                RecordFile.read(store.file(PROBES), run, Tried.class).probes();
        if (probes.size() > modules) {
            throw RecordFile.damaged(
                    store.file(PROBES), "it has tried " + probes.size() + " of " + modules + " modules", null);
        }
        return probes;
    }

    public void saveProbes(List<Probe> probes) {
        store.write(PROBES, RecordFile.bytes(run, new Tried(probes)));
    }

    /** Deletes all of it; files of others in its directory stay. */
    public void delete() {
        maps.clear();
        Path directory = store.file(MAPS);
        try {
            Files.deleteIfExists(store.file(PROBES));
            Files.deleteIfExists(store.file(SCORED));
            if (Files.isDirectory(directory)) {
                for (Path file : new ArrayList<>(AtomicDirectory.children(directory))) {
                    if (MAP_FILE.matcher(String.valueOf(file.getFileName())).matches()) {
                        Files.delete(file);
                    }
                }
                Files.delete(directory);
            }
        } catch (DirectoryNotEmptyException _) {
            // What else is there is not ours.
        } catch (IOException e) {
            throw StorageFailure.of(directory, e);
        }
    }

    private static String mapName(int module) {
        return MAPS + "/module-" + module + ".f32";
    }
}
