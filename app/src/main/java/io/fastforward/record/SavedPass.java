package io.fastforward.record;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.forward.LayerWalk;
import io.fastforward.prune.FinishedLayers;
import io.fastforward.record.PassFiles.Found;
import io.fastforward.record.PassFiles.Layer;
import io.fastforward.report.Progress;
import io.fastforward.spi.measure.HiddenStream;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import java.lang.foreign.Arena;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the finished layers of a pass in files, as often as its pace has it. Before it is time for the first time, maps of layers
 * are not kept: whoever resumes does such layers once more. From then on the maps of each layer are written at once, and
 * what stands for them at the next time. If there is no room, or the disk fails, the pass goes on without.
 *
 * @param <T> what a layer gives
 */
final class SavedPass<T> implements FinishedLayers<T> {

    private final PassFiles<T> files;
    private final SavePace pace;
    private final @Nullable Found<T> found;
    private final long reserve;
    private final Runnable delete;
    private final Progress progress;

    /** Layers whose maps are in files, but nothing that stands for them. */
    private final SortedMap<Integer, Layer<T>> pending = new TreeMap<>();

    private int first;
    private int generation;
    private boolean keepsMaps;
    private boolean stopped;
    private long savedAt;
    private Optional<Long> savingTook = Optional.empty();

    /**
     * A pass that begins, or goes on.
     *
     * @param found where it goes on
     * @param reserve bytes that have to stay free on the disk
     * @param delete deletes all files of the pass
     * @param progress is told if the pass goes on without
     */
    SavedPass(
            PassFiles<T> files,
            SavePace pace,
            Optional<Found<T>> found,
            long reserve,
            Runnable delete,
            Progress progress) {
        this.files = files;
        this.pace = pace;
        this.found = found.orElse(null);
        this.reserve = reserve;
        this.delete = delete;
        this.progress = progress;
        first = first();
        generation = found.map(kept -> kept.state().generation()).orElse(0);
        keepsMaps = found.isPresent();
        savedAt = pace.now();
    }

    @Override
    public int first() {
        return found == null ? 0 : found.state().first();
    }

    @Override
    public int end() {
        return found == null ? 0 : found.state().end();
    }

    @Override
    public T outcome(int layer) {
        return kept(layer).outcome();
    }

    @Override
    public Map<MapRole, Linear> maps(int layer, Arena arena) {
        return files.readMaps(layer, kept(layer).maps(), arena);
    }

    @Override
    public void restore(LayerWalk walk) {
        if (found == null) {
            throw new IllegalStateException("no layer is kept");
        }
        files.restore(found.state(), walk);
    }

    private Layer<T> kept(int layer) {
        if (found == null || !holds(layer)) {
            throw new IllegalArgumentException("layer " + layer + " is not kept");
        }
        return found.layers().get(layer - first());
    }

    @Override
    public void add(int layer, T outcome, Map<MapRole, Linear> maps, @Nullable LayerWalk walk) {
        boolean last = layer == files.shape().layers() - 1;
        if (stopped || layer < end() || last) {
            return;
        }
        long hidden = walk == null ? 0 : files.hiddenBytes(walk);
        boolean due = pace.isDue(pace.now() - savedAt, savingTook.orElse(SavePace.saving(hidden)));
        if (!due && !keepsMaps && !maps.isEmpty()) {
            pending.clear();
            first = layer + 1;
            return;
        }
        try {
            if (hasRoom(LayerMapFile.bytes(maps) + (due ? hidden : 0))) {
                pending.put(layer, new Layer<>(outcome, files.writeMaps(layer, maps)));
                if (due) {
                    save(layer + 1, walk);
                }
            }
        } catch (Failure e) {
            if (e.kind() != FailureKind.STORAGE) {
                throw e;
            }
            delete.run();
            goOnWithout(String.valueOf(e.getMessage()));
        }
    }

    private void save(int end, @Nullable LayerWalk walk) {
        long begun = pace.now();
        int next = 1 - generation;
        Map<HiddenStream, String> hidden = walk == null ? Map.of() : files.writeHidden(next, walk);
        pending.forEach(files::writeLayer);
        files.writeState(first, end, next, hidden);
        files.deleteHidden(generation);
        pending.clear();
        generation = next;
        keepsMaps = true;
        savedAt = pace.now();
        savingTook = Optional.of(savedAt - begun);
    }

    private boolean hasRoom(long bytes) {
        long needed = bytes + reserve;
        long free = files.room().orElse(Long.MAX_VALUE);
        if (free < needed) {
            goOnWithout("'" + files.directory() + "' needs " + bytes / 1_000_000 + " MB beside the output, and its file"
                    + " system has " + free / 1_000_000 + " MB free");
        }
        return free >= needed;
    }

    private void goOnWithout(String reason) {
        stopped = true;
        progress.note(
                "Warning: finished layers are not kept any more, so that an interruption would cost the time since: "
                        + reason);
    }
}
