package io.fastforward.checkpoint;

import static io.fastforward.checkpoint.SafetensorsBytes.entry;
import static io.fastforward.checkpoint.SafetensorsBytes.file;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fastforward.failure.FailureKind;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testing.Failures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {

    private static final String INDEX = "model.safetensors.index.json";

    @TempDir
    private Path directory;

    @BeforeEach
    void writeConfig() throws IOException {
        write("config.json", "{\"hidden_size\": 2, \"limit\": Infinity}");
    }

    @Test
    void aSingleFileIsRead() throws IOException {
        writeWeights("model.safetensors", entry("b", "F32", "[2]", 0, 8), entry("a", "F16", "[3,2]", 8, 20));
        write(INDEX, "not even JSON: the single file wins");
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            assertThat(checkpoint.directory()).isEqualTo(directory);
            assertThat(checkpoint.config().path("hidden_size").asInt()).isEqualTo(2);
            assertThat(checkpoint.names()).containsExactly("b", "a");
            assertThat(checkpoint.contains("a")).isTrue();
            assertThat(checkpoint.contains("c")).isFalse();
            assertThat(checkpoint.parameterBytes()).isEqualTo(20);
            Matrix a = checkpoint.matrix("a", 3, 2);
            assertThat(a.rows()).isEqualTo(3);
            assertThat(a.columns()).isEqualTo(2);
            assertThat(a.get(0, 0)).isEqualTo(Float.float16ToFloat((short) 0x0908)); // bytes 8 and 9
            assertThat(checkpoint.vector("b", 2).rows()).isEqualTo(1);
        }
    }

    @Test
    void tensorsDieWithTheCheckpoint() throws IOException {
        writeWeights("model.safetensors", entry("a", "F32", "[1]", 0, 4));
        Checkpoint checkpoint = Checkpoint.open(directory);
        Matrix a = checkpoint.vector("a", 1);
        checkpoint.close();
        assertThatThrownBy(() -> a.get(0, 0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aTensorOfAnotherShapeIsRefused() throws IOException {
        writeWeights("model.safetensors", entry("v", "F32", "[6]", 0, 24), entry("m", "F32", "[3,2]", 24, 48));
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            String[] words = {"'m' of '" + directory, "the shape [3, 2]", "calls for [2, 3]"};
            Failures.expect(FailureKind.BAD_CHECKPOINT, () -> checkpoint.matrix("m", 2, 3), words);
            Failures.expect(FailureKind.BAD_CHECKPOINT, () -> checkpoint.vector("m", 6), "calls for [6]");
            Failures.expect(FailureKind.BAD_CHECKPOINT, () -> checkpoint.matrix("v", 1, 6), "calls for [1, 6]");
            Failures.expect(FailureKind.BAD_CHECKPOINT, () -> checkpoint.vector("nothing", 6), "no tensor 'nothing'");
        }
    }

    @Test
    void aTensorThatWasSavedEmptyIsExplained() throws IOException {
        writeWeights("model.safetensors", entry("a", "F32", "[1]", 0, 4), entry("v", "F32", "[0]", 4, 4));
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            Failures.expect(
                    FailureKind.BAD_CHECKPOINT,
                    () -> checkpoint.matrix("v", 2, 3),
                    "the shape [0]",
                    "calls for [2, 3]",
                    "saved empty",
                    "zero_to_fp32.py");
        }
    }

    @Test
    void shardsAreRead() throws IOException {
        writeWeights("model-00001-of-00002.safetensors", entry("a", "F32", "[1]", 0, 4));
        writeWeights("model-00002-of-00002.safetensors", entry("b", "F32", "[2]", 0, 8), entry("c", "U8", "[1]", 8, 9));
        writeIndex("b", "model-00002-of-00002.safetensors", "a", "model-00001-of-00002.safetensors");
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            assertThat(checkpoint.names()).containsExactly("a", "b", "c");
            assertThat(checkpoint.parameterBytes()).isEqualTo(13);
            assertThat(checkpoint.vector("b", 2).columns()).isEqualTo(2);
            assertThat(checkpoint.hashes())
                    .extracting(FileHash::name)
                    .containsExactly(
                            "config.json",
                            INDEX,
                            "model-00001-of-00002.safetensors",
                            "model-00002-of-00002.safetensors");
        }
    }

    @Test
    void missingShardsAreNamedAndTheOthersCounted() throws IOException {
        writeWeights("model-00002-of-00003.safetensors", entry("b", "F32", "[1]", 0, 4));
        writeIndex(
                "a",
                "model-00001-of-00003.safetensors",
                "b",
                "model-00002-of-00003.safetensors",
                "c",
                "model-00003-of-00003.safetensors");
        expectFailure(
                FailureKind.NOT_FOUND,
                directory.toString(),
                "lacks 2 of the 3 files",
                INDEX,
                "missing: model-00001-of-00003.safetensors, model-00003-of-00003.safetensors;",
                "hf download");
    }

    @Test
    void manyMissingShardsAreNotAllNamed() throws IOException {
        String[] entries = new String[40];
        for (int i = 0; i < entries.length; i += 2) {
            entries[i] = "t" + i;
            entries[i + 1] = "model-%05d.safetensors".formatted(i);
        }
        writeIndex(entries);
        expectFailure(FailureKind.NOT_FOUND, "lacks 20 of the 20 files", "model-00008.safetensors and 15 more");
    }

    @Test
    void aTensorInTwoShardsIsRefusedToWhoNeedsIt() throws IOException {
        writeWeights("x.safetensors", entry("a", "F32", "[1]", 0, 4));
        writeWeights("y.safetensors", entry("a", "F32", "[1]", 0, 4), entry("b", "F32", "[1]", 4, 8));
        writeIndex("a", "x.safetensors", "b", "y.safetensors");
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            assertThat(checkpoint.tensor("b").shape()).containsExactly(1L);
            Failures.expect(
                    FailureKind.BAD_CHECKPOINT,
                    () -> checkpoint.tensor("a"),
                    "'a' is in both",
                    "x.safetensors",
                    "y.safetensors");
        }
    }

    /** The files say what they hold; transformers does not look at the index for that either. */
    @Test
    void anIndexMayBeStale() throws IOException {
        writeWeights("x.safetensors", entry("a", "F32", "[1]", 0, 4));
        writeWeights("y.safetensors", entry("b", "F32", "[1]", 0, 4));
        writeIndex("a", "x.safetensors", "b", "y.safetensors", "c", "y.safetensors");
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            assertThat(checkpoint.names()).containsExactly("a", "b");
            assertThat(checkpoint.staleIndexEntries()).containsExactly("c");
            Failures.expect(FailureKind.BAD_CHECKPOINT, () -> checkpoint.tensor("c"), "no tensor 'c'");
        }
        writeIndex("a", "x.safetensors", "b", "x.safetensors", "b2", "y.safetensors");
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            assertThat(checkpoint.tensor("b").shape()).containsExactly(1L);
            assertThat(checkpoint.staleIndexEntries()).containsExactly("b2");
        }
    }

    @Test
    void anIndexCannotLeadOutOfTheDirectory() throws IOException {
        for (String name : List.of(
                "../x.safetensors",
                "/x.safetensors",
                "sub/x.safetensors",
                "sub\\\\x.safetensors",
                "..",
                "",
                "x.bin",
                "x\\u0000.safetensors",
                "C:x.safetensors")) {
            writeIndex("a", name);
            expectFailure(FailureKind.BAD_CHECKPOINT, INDEX, "places tensor 'a' in", "in the same directory");
        }
        write(INDEX, "{\"weight_map\":{\"a\":1}}");
        expectFailure(FailureKind.BAD_CHECKPOINT, "places tensor 'a' in");
    }

    @Test
    void shardsMayHaveAnyPlainName() throws IOException {
        for (String name : List.of("model (1).safetensors", "a+b=c, d.safetensors", "a..b.safetensors")) {
            writeWeights(name, entry("a", "F32", "[1]", 0, 4));
            writeIndex("a", name);
            try (Checkpoint checkpoint = Checkpoint.open(directory)) {
                assertThat(checkpoint.names()).containsExactly("a");
            }
        }
        for (String name : List.of(".x.safetensors", ".safetensors", "x\\n.safetensors", "\\ud800.safetensors")) {
            writeIndex("a", name);
            expectFailure(FailureKind.BAD_CHECKPOINT, INDEX, "places tensor 'a' in", "in the same directory");
        }
    }

    @Test
    void shardsInOtherDirectoriesAreToBeMoved() throws IOException {
        writeIndex("a", "sub/x.safetensors");
        assertThatThrownBy(() -> Checkpoint.open(directory))
                .hasMessageContaining("in 'sub/x.safetensors'")
                .hasMessageContaining("move the files beside config.json and change the index")
                .message()
                .doesNotContain("download");
    }

    @Test
    void anIndexMustHaveAWeightMap() throws IOException {
        for (String index : List.of("{}", "{\"weight_map\":[]}")) {
            write(INDEX, index);
            expectFailure(FailureKind.BAD_CHECKPOINT, INDEX, "no weight_map");
        }
        write(INDEX, "{\"weight_map\":{\"a\":\"x.safetensors\",\"a\":\"x.safetensors\"}}");
        expectFailure(FailureKind.BAD_CHECKPOINT, INDEX, "has the key 'a' twice");
    }

    @Test
    void aDirectoryWithoutWeightsIsExplained() throws IOException {
        expectFailure(FailureKind.NOT_FOUND, directory.toString(), "no weights", "expected model.safetensors");
        write("pytorch_model.bin", "");
        expectFailure(FailureKind.UNSUPPORTED_MODEL, "pytorch_model.bin", "save_pretrained");
    }

    @Test
    void aDamagedConfigIsRefused() throws IOException {
        writeWeights("model.safetensors", entry("a", "F32", "[1]", 0, 4));
        for (String config : List.of("{", "[]", "3", "{}{}", "[".repeat(100_000))) {
            write("config.json", config);
            expectFailure(FailureKind.BAD_CHECKPOINT, "config.json' is not valid", "download it again");
        }
    }

    /** No download helps: somebody wrote it so. */
    @Test
    void aKeyThatOccursTwiceIsNamed() throws IOException {
        writeWeights("model.safetensors", entry("a", "F32", "[1]", 0, 4));
        write("config.json", "{\"section\":{\"it's\":1,\"it's\":1}}");
        expectFailure(
                FailureKind.BAD_CHECKPOINT, "config.json' has the key 'it's' twice; remove the one that does not hold");
    }

    @Test
    void aMissingConfigOrDirectoryIsExplained() throws IOException {
        Files.delete(directory.resolve("config.json"));
        expectFailure(FailureKind.NOT_FOUND, "has no config.json", "expected a checkpoint directory");
        Path nothing = directory.resolve("nothing");
        Failures.expect(FailureKind.NOT_FOUND, () -> Checkpoint.open(nothing), nothing + "' is not a directory");
    }

    @Test
    void everythingThatDecidesAboutResultsIsHashed() throws IOException {
        writeWeights("model.safetensors", entry("a", "F32", "[1]", 0, 4));
        for (String name : List.of(
                "tokenizer.json",
                "tokenizer_config.json",
                "special_tokens_map.json",
                "added_tokens.json",
                "LICENSE",
                "vocab.json")) {
            write(name, "{}");
        }
        List<FileHash> before;
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            before = checkpoint.hashes();
        }
        assertThat(before)
                .extracting(FileHash::name)
                .containsExactly(
                        "config.json",
                        "model.safetensors",
                        "added_tokens.json",
                        "special_tokens_map.json",
                        "tokenizer.json",
                        "tokenizer_config.json");
        write("added_tokens.json", "{\"<|extra|>\": 9}");
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            assertThat(checkpoint.hashes()).isNotEqualTo(before);
        }
    }

    @Test
    void hashesAreThoseOfTheFiles() throws IOException {
        // The example of the standard, FIPS 180.
        assertThat(FileHash.of(Files.writeString(directory.resolve("f"), "abc")))
                .isEqualTo(new FileHash("f", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
        Failures.expect(FailureKind.NOT_FOUND, () -> FileHash.of(directory.resolve("g")), "cannot be read");
    }

    private void expectFailure(FailureKind kind, String... words) {
        Failures.expect(kind, () -> Checkpoint.open(directory), words);
    }

    private void write(String name, String contents) throws IOException {
        Files.writeString(directory.resolve(name), contents);
    }

    private void writeWeights(String name, String... entries) throws IOException {
        String last = entries[entries.length - 1];
        int bytes = Integer.parseInt(last.substring(last.lastIndexOf(',') + 1, last.lastIndexOf(']')));
        Files.write(directory.resolve(name), file("{" + String.join(",", entries) + "}", bytes));
    }

    private void writeIndex(String... tensorsAndFiles) throws IOException {
        StringBuilder map = new StringBuilder();
        for (int i = 0; i < tensorsAndFiles.length; i += 2) {
            map.append(i == 0 ? "" : ",").append("\"%s\":\"%s\"".formatted(tensorsAndFiles[i], tensorsAndFiles[i + 1]));
        }
        write(INDEX, "{\"metadata\":{\"total_size\":0},\"weight_map\":{" + map + "}}");
    }
}
