package io.fastforward.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.testing.Failures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoggedProgressTest {

    @TempDir
    Path directory;

    @Test
    void linesAreShownAndKept() throws IOException {
        Path log = directory.resolve("run.log");
        Recorded shown = new Recorded();
        LoggedProgress progress = new LoggedProgress(shown, log);
        progress.begin("Searching", 10);
        progress.advance(3, "episodes");
        assertThat(Files.readString(log)).contains("Searching"); // at once: a run may be killed
        progress.end("found something");
        new LoggedProgress(Progress.silent(), log).note("once more");
        assertThat(shown.calls).containsExactly("begin Searching 10", "advance 3 episodes", "end found something");
        assertThat(Files.readAllLines(log))
                .hasSize(3)
                .allMatch(line -> line.matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ .+"))
                .satisfiesExactly(
                        line -> assertThat(line).endsWith("Z Searching"),
                        line -> assertThat(line).endsWith("Z   found something"),
                        line -> assertThat(line).endsWith("Z once more"));
    }

    @Test
    void aStageThatGoesOnIsShownAsSuch() throws IOException {
        Path log = directory.resolve("run.log");
        Recorded shown = new Recorded();
        new LoggedProgress(shown, log).begin("Scoring", 8, 5);
        assertThat(shown.calls).containsExactly("begin Scoring 8 behind 5");
        assertThat(Files.readString(log)).endsWith("Z Scoring\n");
    }

    @Test
    void aLogThatCannotBeWrittenIsExplained() {
        Failures.expect(
                FailureKind.STORAGE,
                () -> LoggedProgress.during(Progress.silent(), directory, progress -> "not reached"),
                directory.toString());
    }

    private static final class Recorded implements Progress {

        private final List<String> calls = new ArrayList<>();

        @Override
        public void begin(String stage, long total) {
            calls.add("begin " + stage + " " + total);
        }

        @Override
        public void begin(String stage, long total, long done) {
            calls.add("begin " + stage + " " + total + " behind " + done);
        }

        @Override
        public void advance(long done, String detail) {
            calls.add("advance " + done + " " + detail);
        }

        @Override
        public void end(String outcome) {
            calls.add("end " + outcome);
        }

        @Override
        public void note(String line) {
            calls.add("note " + line);
        }
    }
}
