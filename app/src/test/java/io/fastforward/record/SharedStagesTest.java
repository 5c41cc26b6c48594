package io.fastforward.record;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.failure.FailureKind;
import io.fastforward.report.Progress;
import io.fastforward.testing.Failures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SharedStagesTest {

    private static final StageKey KEY = key(1);

    @TempDir
    private Path directory;

    private final List<String> notes = new ArrayList<>();
    private final AtomicInteger made = new AtomicInteger();

    /** What a stage makes in these tests. */
    record Made(int number) {}

    @Test
    void whatOneRunHasMadeAnotherTakes() throws IOException {
        assertThat(take(KEY)).isEqualTo(new Made(1));
        assertThat(notes).isEmpty();
        assertThat(take(KEY)).isEqualTo(new Made(1));
        assertThat(notes).singleElement().asString().contains(file().toString(), "ranking");
        assertThat(take(key(2))).isEqualTo(new Made(2));
        assertThat(made).hasValue(2);
    }

    @Test
    void severalThatWantTheSameAtATimeMakeItOnce() throws Exception {
        try (SharedStages shared = SharedStages.in(directory.resolve("shared"));
                ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Future<Made>> futures = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                futures.add(threads.submit(() -> source(shared, KEY).orMade(Progress.silent(), this::make)));
            }
            for (Future<Made> future : futures) {
                assertThat(future.get()).isEqualTo(new Made(1));
            }
        }
        assertThat(made).hasValue(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{}",
                "null",
                "{\n  \"sha256\" : \"0000000000000000000000000000000000000000000000000000000000000000\",\n}"
            })
    void whatIsDamagedIsMadeAnew(String contents) throws IOException {
        take(KEY);
        Files.writeString(file(), contents);
        assertThat(take(KEY)).isEqualTo(new Made(2));
        assertThat(notes).singleElement().asString().contains("Warning", file().toString(), "made anew");
        assertThat(take(KEY)).isEqualTo(new Made(2));
    }

    @Test
    void whatIsRenamedIsNotTakenForAnother() throws IOException {
        take(KEY);
        Path first = file();
        take(key(2));
        Path second =
                files().stream().filter(path -> !path.equals(first)).findFirst().orElseThrow();
        Files.delete(second);
        Files.move(first, second);
        assertThat(take(key(2))).isEqualTo(new Made(3));
    }

    @Test
    void whatCannotBeTheResultIsMadeAnew() throws IOException {
        ObjectNode contents = JsonNodeFactory.instance.objectNode();
        contents.putObject("inputs");
        contents.putObject("result").put("number", -1);
        take(KEY);
        Files.write(file(), RecordFile.bytes(KEY.hash(), contents));
        assertThat(take(KEY)).isEqualTo(new Made(2));
        contents.putObject("result").put("number", 1).put("more", 2);
        Files.write(file(), RecordFile.bytes(KEY.hash(), contents));
        assertThat(take(KEY)).isEqualTo(new Made(3));
    }

    @Test
    void aStageThatFailsLeavesNothing() {
        try (SharedStages shared = SharedStages.in(directory.resolve("shared"))) {
            Failures.expect(
                    FailureKind.NOT_FINITE,
                    () -> source(shared, KEY).orMade(Progress.silent(), () -> {
                        throw FailureKind.NOT_FINITE.failure("an overflow");
                    }),
                    "an overflow");
        }
        assertThat(directory.resolve("shared")).doesNotExist();
    }

    @Test
    void oneAtATimeWorksInIt() {
        try (SharedStages shared = SharedStages.in(directory.resolve("shared"))) {
            source(shared, KEY).orMade(Progress.silent(), this::make);
            Failures.expect(
                    FailureKind.OUTPUT_NOT_EMPTY,
                    () -> SharedStages.in(directory.resolve("shared")),
                    "another process",
                    "<files.output>");
        }
    }

    private Made take(StageKey key) {
        notes.clear();
        Progress progress = new Progress() {
            @Override
            public void note(String line) {
                notes.add(line);
            }
        };
        try (SharedStages shared = SharedStages.in(directory.resolve("shared"))) {
            return source(shared, key).orMade(progress, this::make);
        }
    }

    private static StageSource<Made> source(SharedStages shared, StageKey key) {
        return shared.source(key, Made.class, result -> {
            if (result.number() < 1) {
                throw new IllegalArgumentException("less than 1");
            }
        });
    }

    private Made make() {
        return new Made(made.incrementAndGet());
    }

    private Path file() throws IOException {
        return files().getFirst();
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve("shared"))) {
            return files.filter(path -> path.toString().endsWith(".json")).toList();
        }
    }

    private static StageKey key(int input) {
        return new StageKey("ranking", JsonNodeFactory.instance.objectNode().put("input", input));
    }
}
