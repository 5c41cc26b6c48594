package io.fastforward.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.fastforward.failure.Failure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunRecordTest {

    @TempDir
    private Path directory;

    private RunRecord open(Path path) {
        Manifest manifest = Manifest.begin(
                "sparsify", JsonNodeFactory.instance.objectNode(), List.of(), Map.of(), "cpu", Map.of(), Map.of());
        return RunRecord.open(path, manifest, false);
    }

    /** A search that ended before its first batch has written nothing that one could go on from, and is not in the way. */
    @Test
    void aRunThatFinishedNothingLeavesNothing() {
        Path run = directory.resolve("run");
        for (int attempt = 0; attempt < 2; attempt++) {
            try (RunRecord record = open(run)) {
                assertThat(record.keepTrials(0)).isEmpty();
            }
            assertThat(run).doesNotExist();
        }
    }

    /** The process was killed in its first stage; the next command need not know of it. */
    @Test
    void aRecordWithoutAFinishedStageIsTakenByAnyRun() throws IOException {
        Path run = directory.resolve("run");
        Path left = directory.resolve("left");
        try (RunRecord record = open(run)) {
            Files.createDirectories(left);
            Files.copy(record.path().resolve(RunRecord.MANIFEST), left.resolve(RunRecord.MANIFEST));
            Files.writeString(left.resolve("run.log"), "begun\n");
        }
        assertThat(RunRecord.holdsStage(left)).isFalse();
        try (RunRecord record = open(left)) {
            record.saveExport(new ExportRecord(List.of(), 0, List.of()));
        }
        assertThat(RunRecord.holdsStage(left)).isTrue();
        assertThatThrownBy(() -> open(left)).isInstanceOf(Failure.class).hasMessageContaining("holds an earlier run");
    }

    /** The process was killed in its first stage, behind a layer that it had kept. */
    @Test
    void finishedLayersAreSomethingToGoOnFrom() throws IOException {
        Path run = directory.resolve("run");
        try (RunRecord record = open(run)) {
            Files.writeString(run.resolve(PassRecord.STATE), "{}");
            Files.createDirectories(run.resolve(PassRecord.FOLDER));
            Files.writeString(run.resolve("pass/layer-0.json"), "{}");
            assertThat(record.path()).isEqualTo(run);
        }
        assertThat(RunRecord.holdsStage(run)).isTrue();
        assertThatThrownBy(() -> open(run)).isInstanceOf(Failure.class).hasMessageContaining("holds an earlier run");
    }

    /** The process was killed before it could say how far it was. */
    @Test
    void layersThatNothingStandsForAreNothing() throws IOException {
        Path run = directory.resolve("run");
        Files.createDirectories(run.resolve(PassRecord.FOLDER));
        try (RunRecord record = open(directory.resolve("other"))) {
            Files.copy(record.path().resolve(RecordStore.LOCK), run.resolve(RecordStore.LOCK));
        }
        Files.writeString(run.resolve("pass/layer-0.maps"), "left");
        try (RunRecord record = open(run)) {
            assertThat(record.path().resolve(PassRecord.FOLDER)).doesNotExist();
        }
    }
}
