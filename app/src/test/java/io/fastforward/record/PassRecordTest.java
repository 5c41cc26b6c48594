package io.fastforward.record;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.Setting;
import io.fastforward.forward.LayerWalk;
import io.fastforward.model.Model;
import io.fastforward.prune.FinishedLayers;
import io.fastforward.prune.LayerPatterns;
import io.fastforward.prune.MapLayout;
import io.fastforward.prune.PassShape;
import io.fastforward.report.Progress;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.measure.HiddenStream;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testing.Backends;
import io.fastforward.testing.Golden;
import io.fastforward.testing.RandomLlama;
import io.fastforward.testing.RunningModel;
import io.fastforward.tokenizer.TokenWindows;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PassRecordTest {

    private static final int LAYERS = 4;
    private static final int HIDDEN = 12;
    private static final Set<HiddenStream> BOTH = Set.of(HiddenStream.OWN, HiddenStream.DENSE);

    private final ComputeBackend backend = Backends.cpu();
    private final Arena arena = Arena.ofShared();
    private final List<String> notes = new ArrayList<>();
    private final Progress progress = new Progress() {
        @Override
        public void note(String line) {
            notes.add(line);
        }
    };

    @TempDir
    private Path directory;

    private Model model;
    private TokenWindows windows;
    private RecordStore store;

    @BeforeEach
    void open() {
        model = Model.open(new RandomLlama().write(directory.resolve("model")));
        windows = RunningModel.randomWindows(model.spec(), 8, 3, 5);
        store = RecordStore.take(directory.resolve("run"), Setting.RUN_DIRECTORY);
    }

    @AfterEach
    void close() {
        store.close();
        model.close();
        arena.close();
        backend.close();
    }

    @Test
    void whatWasKeptComesBack() throws IOException {
        Map<HiddenStream, Matrix> hidden = Map.of(HiddenStream.OWN, random(1, 24), HiddenStream.DENSE, random(2, 24));
        Map<MapRole, Linear> maps = maps(3);
        keep(hidden, maps, maps(4));
        assertThat(files())
                .containsExactlyInAnyOrder(
                        "hidden-0-dense.f32",
                        "hidden-0-own.f32",
                        "layer-0.json",
                        "layer-0.maps",
                        "layer-1.json",
                        "layer-1.maps");
        FinishedLayers<LayerPatterns> found = reopen("run", "pass", shape(BOTH, 24));
        assertThat(notes).containsExactly("Resuming after layer 2 of 4");
        assertThat(found.first()).isZero();
        assertThat(found.end()).isEqualTo(2);
        assertThat(found.outcome(1)).isEqualTo(new LayerPatterns("attention", "layer 1"));
        Map<MapRole, Linear> back = found.maps(0, arena);
        assertThat(back).hasSameSizeAs(maps);
        maps.forEach((role, map) -> {
            Linear other = requireNonNull(back.get(role));
            assertThat(MapLayout.of(role, other)).isEqualTo(MapLayout.of(role, map));
            assertThat(Golden.elements(other.weight())).isEqualTo(Golden.elements(map.weight()));
            assertThat(other.bias() == null ? new float[0] : Golden.elements(other.bias()))
                    .isEqualTo(map.bias() == null ? new float[0] : Golden.elements(map.bias()));
        });
        try (LayerWalk walk = new LayerWalk(backend, model.ends(), windows, BOTH)) {
            found.restore(walk);
            assertThat(walk.apart()).isEqualTo(BOTH);
            hidden.forEach((stream, rows) -> assertThat(rows(walk, stream)).isEqualTo(Golden.elements(rows)));
        }
    }

    /** Streams that are one take the room of one. */
    @Test
    void streamsThatAreOneAreKeptOnce() throws IOException {
        keep(Map.of(HiddenStream.DENSE, random(1, 24)), maps(3), Map.of());
        assertThat(files())
                .containsExactlyInAnyOrder("hidden-0-own.f32", "layer-0.json", "layer-0.maps", "layer-1.json");
        FinishedLayers<LayerPatterns> found = reopen("run", "pass", shape(BOTH, 24));
        try (LayerWalk walk = new LayerWalk(backend, model.ends(), windows, BOTH)) {
            found.restore(walk);
            assertThat(walk.apart()).hasSize(1);
            BOTH.forEach(stream -> assertThat(rows(walk, stream)).isEqualTo(Golden.elements(random(1, 24))));
        }
    }

    /** Nothing is lost but time. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "pass.json",
                "pass/layer-0.json",
                "pass/layer-1.json",
                "pass/layer-0.maps",
                "pass/layer-1.maps",
                "pass/hidden-0-own.f32",
                "pass/hidden-0-dense.f32"
            })
    void whatIsDamagedIsMadeAnew(String name) throws IOException {
        Path file = store.file(name);
        keepBoth();
        byte[] whole = Files.readAllBytes(file);
        for (int damage = 0; damage < 5; damage++) {
            keepBoth();
            byte[] bytes = whole.clone();
            switch (damage) {
                case 0 -> bytes[bytes.length / 2] ^= 4;
                case 1 -> bytes = Arrays.copyOf(bytes, bytes.length - 1);
                case 2 -> bytes = Arrays.copyOf(bytes, bytes.length + 1);
                case 3 -> bytes = new byte[0];
                default -> {}
            }
            if (damage == 4) {
                Files.delete(file);
                Files.createDirectory(file);
            } else {
                Files.write(file, bytes);
            }
            requireAnew("run", "pass", shape(BOTH, 24), name + " with damage " + damage);
            if (damage == 4) {
                Files.deleteIfExists(file);
            }
        }
        if (!name.equals("pass.json")) {
            keepBoth();
            Files.delete(file);
            requireAnew("run", "pass", shape(BOTH, 24), name + " that is gone");
        }
    }

    @Test
    void whatIsOfAnotherPassIsNotUsed() throws IOException {
        keepBoth();
        requireAnew("other", "pass", shape(BOTH, 24), "of another run");
        keepBoth();
        requireAnew("run", "other", shape(BOTH, 24), "of another pass");
        keepBoth();
        requireAnew("run", "pass", shape(Set.of(HiddenStream.OWN), 24), "with other streams");
        keepBoth();
        requireAnew("run", "pass", shape(Set.of(), 24), "without streams");
        keepBoth();
        requireAnew(
                "run", "pass", new PassShape<>(2, BOTH, 24, HIDDEN, (layer, outcome, maps) -> {}), "of fewer layers");
        keepBoth();
        requireAnew(
                "run",
                "pass",
                new PassShape<>(LAYERS, BOTH, 24, HIDDEN, (layer, outcome, maps) -> {
                    throw new IllegalArgumentException("no");
                }),
                "whose layers do not fit");
    }

    /** A checksum keeps off accidents alone. */
    @Test
    void whatNobodyCanHaveKeptIsNotUsed() throws IOException {
        keepBoth();
        PassState good = RecordFile.read(store.file(PassRecord.STATE), "run", PassState.class);
        List<PassState> bad = List.of(
                new PassState("pass", -1, 2, 0, good.hidden()),
                new PassState("pass", 0, 5, 0, good.hidden()),
                new PassState("pass", 0, Integer.MAX_VALUE, 0, good.hidden()),
                new PassState("pass", 2, 2, 0, good.hidden()),
                new PassState("pass", 0, 3, 0, good.hidden()),
                new PassState("pass", 0, 2, 1, good.hidden()),
                new PassState("pass", 0, 2, 7, good.hidden()),
                new PassState("pass", 0, 2, 0, Map.of()),
                new PassState("pass", 0, 2, 0, Map.of(HiddenStream.OWN, "")));
        for (PassState state : bad) {
            keepBoth();
            store.write(PassRecord.STATE, RecordFile.bytes("run", state));
            requireAnew("run", "pass", shape(BOTH, 24), state.toString());
        }
    }

    /** Hidden states of other windows are as whole as any; their size tells. */
    @Test
    void hiddenStatesOfAnotherSizeAreNotUsed() throws IOException {
        keepBoth();
        requireAnew("run", "pass", shape(BOTH, 16), "of fewer tokens");
        keepBoth();
        requireAnew("run", "pass", shape(BOTH, 1 << 30), "of more tokens");
    }

    @Test
    void oneGenerationIsLeft() throws IOException {
        try (LayerWalk walk = new LayerWalk(backend, model.ends(), windows, Set.of(HiddenStream.OWN))) {
            FinishedLayers<LayerPatterns> finished = reopen("run", "pass", shape(Set.of(HiddenStream.OWN), 24));
            finished.add(0, outcome(0), Map.of(), walk);
            assertThat(files()).contains("hidden-1-own.f32").doesNotContain("hidden-0-own.f32");
            finished.add(1, outcome(1), Map.of(), walk);
            assertThat(files()).contains("hidden-0-own.f32").doesNotContain("hidden-1-own.f32");
            finished.add(2, outcome(2), Map.of(), walk);
            assertThat(files()).contains("hidden-1-own.f32").doesNotContain("hidden-0-own.f32");
        }
        assertThat(reopen("run", "pass", shape(Set.of(HiddenStream.OWN), 24)).end())
                .isEqualTo(3);
    }

    @Test
    void aPassThatTakesLittleTimeKeepsNothing() {
        SavePace pace = new SavePace(Duration.ofSeconds(60), 20, () -> 0);
        FinishedLayers<LayerPatterns> finished =
                new PassRecord(store, "run", pace).open("pass", LayerPatterns.class, shape(Set.of(), 24), 0, progress);
        for (int layer = 0; layer < LAYERS; layer++) {
            finished.add(layer, outcome(layer), maps(layer), null);
        }
        assertThat(store.file(PassRecord.FOLDER)).doesNotExist();
        assertThat(store.file(PassRecord.STATE)).doesNotExist();
    }

    @Test
    void withoutRoomThePassGoesOnWithout() {
        FinishedLayers<LayerPatterns> finished = new PassRecord(store, "run", SavePace.always())
                .open("pass", LayerPatterns.class, shape(Set.of(), 24), Long.MAX_VALUE / 2, progress);
        for (int layer = 0; layer < LAYERS; layer++) {
            finished.add(layer, outcome(layer), maps(layer), null);
        }
        assertThat(store.file(PassRecord.FOLDER)).doesNotExist();
        assertThat(notes).singleElement().asString().startsWith("Warning: ").contains("MB free");
    }

    /** As with a disk that is full, or broken. */
    @Test
    void aDiskThatFailsDoesNotEndThePass() throws IOException {
        FinishedLayers<LayerPatterns> finished = reopen("run", "pass", shape(Set.of(), 24));
        finished.add(0, outcome(0), Map.of(), null);
        Files.createDirectories(store.file("pass/layer-1.maps/in the way"));
        finished.add(1, outcome(1), maps(1), null);
        finished.add(2, outcome(2), maps(2), null);
        assertThat(notes).singleElement().asString().startsWith("Warning: ").contains("layer-1.maps");
        assertThat(store.file(PassRecord.STATE)).doesNotExist();
    }

    @Test
    void whatIsHalfWrittenGoesAndWhatIsOfOthersStays() throws IOException {
        keepBoth();
        Files.writeString(store.file("pass/hidden-1-own.f32.partial-01234567"), "half");
        Files.writeString(store.file("pass/notes"), "mine");
        PassRecord record = new PassRecord(store, "run", SavePace.always());
        record.deleteAbandoned();
        assertThat(files()).contains("hidden-0-own.f32", "notes").noneMatch(name -> name.contains(".partial-"));
        record.delete();
        assertThat(files()).containsExactly("notes");
    }

    /** A run that is resumed passes the stages before, whose passes are over. */
    @Test
    void thePassThatIsOverGoesAndNoOther() throws IOException {
        keepBoth();
        PassRecord record = new PassRecord(store, "run", SavePace.always());
        record.delete("earlier");
        assertThat(files()).contains("hidden-0-own.f32");
        assertThat(store.file(PassRecord.STATE)).exists();
        record.delete("pass");
        assertThat(store.file(PassRecord.FOLDER)).doesNotExist();
        assertThat(store.file(PassRecord.STATE)).doesNotExist();
        Files.createDirectory(store.file(PassRecord.FOLDER));
        Files.writeString(store.file("pass/layer-0.maps"), "nothing stands for this");
        record.delete("earlier");
        assertThat(store.file(PassRecord.FOLDER)).doesNotExist();
    }

    @Test
    void savingTakesATwentiethOfTheTimeAtMost() {
        SavePace pace = new SavePace(Duration.ofSeconds(60), 20, () -> 0);
        long second = 1_000_000_000;
        assertThat(pace.isDue(59 * second, 0)).isFalse();
        assertThat(pace.isDue(60 * second, 3 * second)).isTrue();
        assertThat(pace.isDue(60 * second, 4 * second)).isFalse();
        assertThat(pace.isDue(80 * second, 4 * second)).isTrue();
        assertThat(SavePace.saving(17_000_000_000L)).isEqualTo(34 * second);
    }

    private void requireAnew(String run, String pass, PassShape<LayerPatterns> shape, String what) {
        FinishedLayers<LayerPatterns> found = reopen(run, pass, shape);
        assertThat(found.end()).as(what).isZero();
        assertThat(notes)
                .as(what)
                .singleElement()
                .asString()
                .startsWith("Warning: ")
                .contains("pass");
        notes.clear();
        assertThat(store.file(PassRecord.STATE)).as(what).doesNotExist();
    }

    private void keepBoth() throws IOException {
        keep(Map.of(HiddenStream.OWN, random(1, 24), HiddenStream.DENSE, random(2, 24)), maps(3), maps(4));
        assertThat(files()).contains("hidden-0-own.f32", "hidden-0-dense.f32");
    }

    /** Keeps two layers from the beginning. */
    private void keep(Map<HiddenStream, Matrix> hidden, Map<MapRole, Linear> first, Map<MapRole, Linear> second) {
        new PassRecord(store, "run", SavePace.always()).delete();
        try (LayerWalk walk = new LayerWalk(backend, model.ends(), windows, BOTH)) {
            walk.restore(hidden);
            FinishedLayers<LayerPatterns> finished = reopen("run", "pass", shape(BOTH, 24));
            finished.add(0, outcome(0), first, walk);
            finished.add(1, outcome(1), second, walk);
        }
        assertThat(notes).isEmpty();
    }

    private FinishedLayers<LayerPatterns> reopen(String run, String pass, PassShape<LayerPatterns> shape) {
        return new PassRecord(store, run, SavePace.always()).open(pass, LayerPatterns.class, shape, 0, progress);
    }

    private static PassShape<LayerPatterns> shape(Set<HiddenStream> streams, int tokens) {
        return new PassShape<>(LAYERS, streams, tokens, HIDDEN, (layer, outcome, maps) -> {});
    }

    private static LayerPatterns outcome(int layer) {
        return new LayerPatterns("attention", "layer " + layer);
    }

    /** One with a bias of another type, one that is a part of a larger matrix. */
    private Map<MapRole, Linear> maps(int seed) {
        Map<MapRole, Linear> maps = new EnumMap<>(MapRole.class);
        maps.put(
                MapRole.ATTENTION_OUTPUT,
                new Linear(
                        random(seed, 5).copy(DataType.BF16, arena),
                        random(seed, 1).leadingColumns(5)));
        maps.put(MapRole.UP, Linear.of(random(seed + 1, 7).leadingColumns(3)));
        return maps;
    }

    private Matrix random(int seed, int rows) {
        SplittableRandom random = new SplittableRandom(seed);
        Matrix matrix = Matrix.allocate(arena, DataType.F32, rows, HIDDEN);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < HIDDEN; j++) {
                matrix.set(i, j, (float) random.nextGaussian());
            }
        }
        return matrix;
    }

    private float[] rows(LayerWalk walk, HiddenStream stream) {
        float[] all = new float[24 * HIDDEN];
        int at = 0;
        for (Matrix rows : walk.rows(stream, arena)) {
            float[] some = Golden.elements(rows);
            System.arraycopy(some, 0, all, at, some.length);
            at += some.length;
        }
        assertThat(at).isEqualTo(all.length);
        return all;
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(store.file(PassRecord.FOLDER))) {
            return files.map(file -> String.valueOf(file.getFileName())).toList();
        }
    }
}
