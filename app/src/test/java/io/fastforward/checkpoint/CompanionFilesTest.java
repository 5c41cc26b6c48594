package io.fastforward.checkpoint;

import static io.fastforward.checkpoint.SafetensorsBytes.entry;
import static io.fastforward.checkpoint.SafetensorsBytes.file;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fastforward.failure.FailureKind;
import io.fastforward.testing.Failures;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60) // whoever opens a pipe waits for ever
class CompanionFilesTest {

    private static final String POINTER =
            "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0".repeat(64) + "\nsize 499723\n";

    @TempDir
    private Path directory;

    @TempDir
    private Path target;

    @BeforeEach
    void writeModel() throws IOException {
        write("config.json", "{}");
        Files.write(directory.resolve("model.safetensors"), file("{" + entry("a", "F32", "[1]", 0, 4) + "}", 4));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "added_tokens.json",
                "additional_chat_templates/rag.jinja",
                "chat_template.jinja",
                "chat_template.json",
                "generation_config.json",
                "LICENSE",
                "LICENSE.txt",
                "merges.txt",
                "NOTICE",
                "preprocessor_config.json",
                "special_tokens_map.json",
                "spiece.model",
                "tekken.json",
                "tokenizer.json",
                "tokenizer.model",
                "tokenizer.model.v3",
                "tokenizer_config.json",
                "tokenization_own.py",
                "USE_POLICY.md",
                "vocab.bpe",
                "vocab.json",
                "what-the-next-version-needs.json"
            })
    void carriedOver(String name) throws IOException {
        write(name, "{}");
        CompanionFiles companions = companions();
        assertThat(companions.names()).containsExactly(name);
        assertThat(companions.remark()).isEmpty();
        companions.copyTo(target);
        assertThat(target.resolve(name)).hasContent("{}");
    }

    /** The process was told to end, and has deleted what it was writing to. */
    @ParameterizedTest
    @ValueSource(strings = {"additional_chat_templates/rag.jinja", "tokenizer.json"})
    void aDirectoryThatIsGoneDoesNotComeBack(String name) throws IOException {
        write(name, "{}");
        CompanionFiles companions = companions();
        Path gone = target.resolve("gone");
        Failures.expect(FailureKind.STORAGE, () -> companions.copyTo(gone), "gone");
        assertThat(gone).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "README.md",
                "pytorch_model.bin",
                "pytorch_model.bin.index.json",
                "model.fp16.safetensors",
                "model.safetensors.index.json",
                "consolidated.00.pth",
                "params.json",
                "ggml-model-q4.gguf",
                "optimizer.pt",
                "rng_state_0.pth",
                "trainer_state.json",
                "training_args.bin",
                "modeling_own.py",
                "train.jsonl",
                "original/params.json",
                "checkpoint-500/config.json",
                "figure.png",
                "model.safetensors.incomplete"
            })
    void leftOutWithARemark(String name) throws IOException {
        write(name, "{}");
        CompanionFiles companions = companions();
        assertThat(companions.names()).isEmpty();
        assertThat(companions.remark()).get().asString().contains(Path.of(name).getName(0) + " (");
    }

    @ParameterizedTest
    @ValueSource(strings = {".gitattributes", ".cache/huggingface/x.lock", "CONFIG.json"})
    void leftOutSilently(String name) throws IOException {
        assumeTrue(!Files.exists(directory.resolve("CONFIG.json")), "names differ by more than case here");
        write(name, "{}");
        assertThat(companions().names()).isEmpty();
        assertThat(companions().remark()).isEmpty();
    }

    @Test
    void codeIsToldApartByWhatItIsFor() throws IOException {
        write("config.json", "{\"auto_map\":{\"AutoModelForCausalLM\":\"own_code.OwnForCausalLM\",\"AutoConfig\":3}}");
        write("tokenizer_config.json", "{\"auto_map\":{\"AutoTokenizer\":[\"modeling_tokens.Own\", null]}}");
        write("own_code.py", "");
        write("modeling_tokens.py", "");
        write("tools.py", "");
        assertThat(companions().names()).containsExactly("modeling_tokens.py", "tokenizer_config.json", "tools.py");
    }

    @Test
    void aDamagedConfigOfTheTokenizerIsNotTheCheckpointsBusiness() throws IOException {
        write("tokenizer_config.json", "{\"a\":1,\"a\":2");
        assertThat(companions().names()).containsExactly("tokenizer_config.json");
    }

    @ParameterizedTest
    @ValueSource(strings = {"tokenizer.json", "LICENSE", "additional_chat_templates/rag.jinja"})
    void aFileThatIsGoneOrChangedIsAFailure(String name) throws IOException {
        write(name, "{}");
        Path file = directory.resolve(name);
        FileTime time = Files.getLastModifiedTime(file);
        CompanionFiles companions = companions();
        companions.copyTo(target);

        write(name, "{ }");
        Failures.expect(FailureKind.BAD_CHECKPOINT, () -> companions.copyTo(target), name, "was changed since");
        write(name, "[]");
        Files.setLastModifiedTime(file, FileTime.fromMillis(time.toMillis() + 5_000));
        Failures.expect(FailureKind.BAD_CHECKPOINT, () -> companions.copyTo(target), name, "was changed since");
        Files.delete(file);
        Failures.expect(FailureKind.NOT_FOUND, () -> companions.copyTo(target), name, "is gone since");
        Files.createDirectory(file);
        Failures.expect(FailureKind.BAD_CHECKPOINT, () -> companions.copyTo(target), name, "was changed since");
    }

    @Test
    void pointersAreRefusedWhereTheyMatterAndElseLeftOut() throws IOException {
        write("tokenizer.model", POINTER);
        assertThat(companions().names()).isEmpty();
        assertThat(companions().remark()).get().asString().contains("tokenizer.model (a Git LFS pointer");
        for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
            write(name, POINTER);
            Failures.expect(
                    FailureKind.BAD_CHECKPOINT, () -> companions(), name, "is a Git LFS pointer", "git lfs pull");
            Files.delete(directory.resolve(name));
        }
        write("tokenizer.json", "<!DOCTYPE html>\n<html>");
        Failures.expect(FailureKind.BAD_CHECKPOINT, () -> companions(), "tokenizer.json' is a web page", "not JSON");
        write("tokenizer.json", "");
        Failures.expect(FailureKind.BAD_CHECKPOINT, () -> companions(), "tokenizer.json' is empty");
    }

    @Test
    void whatIsLargeIsLeftOut() throws IOException {
        try (RandomAccessFile large =
                new RandomAccessFile(directory.resolve("notes").toFile(), "rw")) {
            large.setLength((64 << 20) + 1); // sparse
        }
        assertThat(companions().names()).isEmpty();
        assertThat(companions().remark()).get().asString().contains("notes (it has more than 64 MiB)");
    }

    @Test
    void aThousandFilesAreEnough() throws IOException {
        for (int i = 0; i < 1_001; i++) {
            write("note-%04d".formatted(i), "");
        }
        write("tokenizer.json", "{}");
        assertThat(companions().names())
                .hasSize(1_001)
                .contains("tokenizer.json")
                .doesNotContain("note-1000");
        assertThat(companions().remark()).get().asString().contains("note-1000 (there are more than 1000 files)");
    }

    @Test
    void remarksAreShort() throws IOException {
        for (int i = 0; i < 20; i++) {
            write("optimizer-%02d.pt".formatted(i), "");
        }
        assertThat(companions().remark())
                .get()
                .asString()
                .contains("optimizer-07.pt")
                .endsWith("and 12 more");
    }

    @Test
    void pipesAreNotOpened() throws IOException, InterruptedException {
        makePipe(directory.resolve("notes"));
        assertThat(companions().names()).isEmpty();
        assertThat(companions().remark()).get().asString().contains("notes (a pipe or a device)");
        for (String name : List.of("tokenizer.json", "generation_config.json", "model.safetensors", "config.json")) {
            Files.deleteIfExists(directory.resolve(name));
            makePipe(directory.resolve(name));
            Failures.expect(FailureKind.BAD_CHECKPOINT, this::readAll, name + "' is a pipe or a device");
            Files.delete(directory.resolve(name));
            writeModel();
        }
    }

    @Test
    void directoriesAreNoFiles() throws IOException {
        for (String name : List.of("tokenizer.json", "generation_config.json", "model.safetensors", "config.json")) {
            Files.deleteIfExists(directory.resolve(name));
            Files.createDirectory(directory.resolve(name));
            Failures.expect(FailureKind.BAD_CHECKPOINT, this::readAll, name + "' is a directory, expected a file");
            Files.delete(directory.resolve(name));
            writeModel();
        }
    }

    private void readAll() {
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            checkpoint.generationConfig();
        }
    }

    private CompanionFiles companions() {
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            return checkpoint.companions();
        }
    }

    private static void makePipe(Path path) throws IOException, InterruptedException {
        boolean canMake =
                Stream.of("/usr/bin/mkfifo", "/bin/mkfifo").map(Path::of).anyMatch(Files::isExecutable);
        assumeTrue(canMake, "there is no mkfifo");
        assertThat(new ProcessBuilder("mkfifo", path.toString()).start().waitFor())
                .isZero();
    }

    private void write(String name, String contents) throws IOException {
        Path file = directory.resolve(name);
        Files.createDirectories(file.resolveSibling(""));
        Files.writeString(file, contents);
    }
}
