package io.fastforward.checkpoint;

import static io.fastforward.checkpoint.SafetensorsBytes.entry;
import static io.fastforward.checkpoint.SafetensorsBytes.file;
import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.testing.Failures;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What people give instead of a checkpoint is named, and they are told what to do. */
class ForeignCheckpointTest {

    private static final String POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:"
            + "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 2626168\n";

    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            pytorch_model.bin                      | UNSUPPORTED_MODEL | as PyTorch saves them      | save_pretrained
            pytorch_model-00001-of-00002.bin       | UNSUPPORTED_MODEL | as PyTorch saves them      | save_pretrained
            pytorch_model.bin.index.json           | UNSUPPORTED_MODEL | as PyTorch saves them      | save_pretrained
            consolidated.00.pth                    | UNSUPPORTED_MODEL | Meta's own format          | -hf
            consolidated.safetensors               | UNSUPPORTED_MODEL | Mistral's own format       | config.json
            ggml-model-q4_0.gguf                   | UNSUPPORTED_MODEL | GGUF                       | original checkpoint
            ggml-model-q4_0.bin                    | UNSUPPORTED_MODEL | GGUF                       | original checkpoint
            tf_model.h5                            | UNSUPPORTED_MODEL | TensorFlow                 | original checkpoint
            flax_model.msgpack                     | UNSUPPORTED_MODEL | Flax                       | original checkpoint
            model.onnx                             | UNSUPPORTED_MODEL | ONNX                       | original checkpoint
            zero_to_fp32.py                        | UNSUPPORTED_MODEL | DeepSpeed                  | zero_to_fp32.py . OUT
            __0_0.distcp                           | UNSUPPORTED_MODEL | FSDP                       | merge-weights
            diffusion_pytorch_model.safetensors    | UNSUPPORTED_MODEL | diffusion                  | not a language model
            weights.npz                            | UNSUPPORTED_MODEL | another format             | original checkpoint
            model-00001-of-00002.safetensors       | NOT_FOUND         | not the index              | download model.safetensors.index.json
            model.fp16.safetensors                 | NOT_FOUND         | a variant                  | rename
            model.safetensors.index.fp32.json      | NOT_FOUND         | a variant                  | rename
            weights.safetensors                    | NOT_FOUND         | a file of another name     | rename it to model.safetensors
            """)
    void otherFormats(String name, FailureKind kind, String what, String advice) throws IOException {
        write(name, "x");
        expect(kind, directory.toString(), "'" + name + "'", what, advice);
        write("config.json", "{}");
        expect(kind, directory.toString(), "'" + name + "'", what, advice);
    }

    @Test
    void ofManyFilesOneIsNamed() throws IOException {
        for (int i = 0; i < 4; i++) {
            write("consolidated.0%d.pth".formatted(i), "x");
        }
        write("params.json", "{}");
        expect(FailureKind.UNSUPPORTED_MODEL, "('consolidated.00.pth' and 3 more)", "Meta's own format");
    }

    @Test
    void adaptersAreToBeMerged() throws IOException {
        write(
                "adapter_config.json",
                "{\"base_model_name_or_path\": \"meta-llama/Llama-3.2-1B\", \"peft_type\": \"LORA\"}");
        write("adapter_model.safetensors", "x");
        String[] words = {"a LoRA (PEFT) adapter for 'meta-llama/Llama-3.2-1B'", "merge_and_unload()"};
        expect(FailureKind.UNSUPPORTED_MODEL, words);
        write("config.json", "{}");
        expect(FailureKind.UNSUPPORTED_MODEL, words);
        writeWeights("model.safetensors");
        expect(FailureKind.UNSUPPORTED_MODEL, "merge_and_unload()", "move adapter_config.json away");
    }

    @ParameterizedTest
    @ValueSource(strings = {"model.safetensors", "config.json", "model.safetensors.index.json", "tokenizer.json"})
    void pointersOfGitLfs(String name) throws IOException {
        writeModel(name);
        write(name, POINTER);
        expect(
                FailureKind.BAD_CHECKPOINT,
                directory.resolve(name) + "' is a Git LFS pointer",
                "git lfs pull",
                "the same pointer");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            <!DOCTYPE html><html><title>Sign in</title>                  | a web page
            <html>                                                      | a web page
            <?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>| a web page
            Access to model meta-llama/Llama-2-7b-hf is restricted.     | the answer of a server
            Invalid username or password.                               | the answer of a server
            Entry not found                                             | the answer of a server
            Not Found                                                   | the answer of a server
            {"error":"Sorry, we can't find the page"}                   | the answer of a server
            ../../blobs/4d7a214614ab2935c943f9e0ff69d22eadbb8f32         | the path of a link
            """)
    void failedDownloads(String contents, String what) throws IOException {
        for (String name :
                List.of("model.safetensors", "config.json", "model.safetensors.index.json", "tokenizer.json")) {
            clear();
            writeModel(name);
            for (String start : List.of("", "\n", "\uFEFF")) {
                write(name, start + contents);
                expect(FailureKind.BAD_CHECKPOINT, directory.resolve(name) + "'", what, "download");
            }
        }
    }

    @Test
    void emptyAndReservedFiles() throws IOException {
        for (String name :
                List.of("model.safetensors", "config.json", "model.safetensors.index.json", "tokenizer.json")) {
            clear();
            writeModel(name);
            write(name, "");
            expect(FailureKind.BAD_CHECKPOINT, directory.resolve(name) + "' is empty", "download it again");
        }
        clear();
        writeModel("model.safetensors");
        Files.write(directory.resolve("model.safetensors"), new byte[100_000]);
        expect(FailureKind.BAD_CHECKPOINT, "begins with nothing but zeros", "download it again");
    }

    @Test
    void weightsOfAnotherFormatUnderOurName() throws IOException {
        writeModel("model.safetensors");
        for (List<String> other : List.of(
                List.of("PK\3\4\0\0\b\b\0\0\0\0", "PyTorch"),
                List.of("\u0080\2}q\0(X\t\0\0\0", "PyTorch"),
                List.of("GGUF\3\0\0\0#\1\0\0", "GGUF"),
                List.of("\u0089HDF\r\n\u001a\n\0\0", "TensorFlow"),
                List.of("\u001f\u008b\b\0\0\0\0\0\0", "compressed"))) {
            Files.write(
                    directory.resolve("model.safetensors"),
                    Arrays.copyOf(other.getFirst().getBytes(StandardCharsets.ISO_8859_1), 300));
            expect(FailureKind.UNSUPPORTED_MODEL, "model.safetensors' is", other.getLast(), "not a safetensors file");
        }
        // The first bytes of a header's length may look like anything.
        byte[] header = (" ".repeat(0x280 - 2)).getBytes(StandardCharsets.US_ASCII);
        byte[] padded = new byte[0x280];
        padded[0] = '{';
        System.arraycopy(header, 0, padded, 1, header.length);
        padded[0x280 - 1] = '}';
        Files.write(directory.resolve("model.safetensors"), file(0x280, padded, 0));
        Checkpoint.open(directory).close();
    }

    @Test
    void filesInsteadOfDirectories() throws IOException {
        writeModel("");
        Path weights = directory.resolve("model.safetensors");
        Failures.expect(
                FailureKind.NOT_FOUND,
                () -> Checkpoint.open(weights),
                weights + "' is a file and not a directory",
                "'" + directory + "'");
        Path gguf = Files.writeString(directory.resolve("x.gguf"), "GGUF\3\0\0\0");
        Failures.expect(FailureKind.UNSUPPORTED_MODEL, () -> Checkpoint.open(gguf), "x.gguf' is a GGUF", "original");
        Path pth = Files.writeString(directory.resolve("x.pth"), "PK\3\4....");
        Failures.expect(FailureKind.UNSUPPORTED_MODEL, () -> Checkpoint.open(pth), "x.pth' is a PyTorch file");
    }

    @Test
    void namesOfTheHub() {
        Failures.expect(
                FailureKind.NOT_FOUND,
                () -> Checkpoint.open(Path.of("meta-llama/Llama-3.2-1B")),
                "is not a directory",
                "hf download meta-llama/Llama-3.2-1B --local-dir Llama-3.2-1B");
    }

    @Test
    void checkpointsNearbyAreNamed() throws IOException {
        Path snapshot = directory.resolve("models--org--name/snapshots/0123456789abcdef");
        Files.createDirectories(snapshot);
        Files.writeString(snapshot.resolve("config.json"), "{}");
        for (String root : List.of("models--org--name/snapshots", "models--org--name", "")) {
            Failures.expect(
                    FailureKind.NOT_FOUND,
                    () -> Checkpoint.open(directory.resolve(root)),
                    "did you mean '" + snapshot + "'?");
        }
        for (int i = 1; i < 6; i++) {
            Path other = Files.createDirectories(directory.resolve("checkpoint-" + i));
            Files.writeString(other.resolve("config.json"), "{}");
        }
        expect(
                FailureKind.NOT_FOUND,
                "did you mean '" + directory.resolve("checkpoint-1") + "' or '",
                "(or one of 3 more)?");
    }

    @Test
    void unfinishedDownloadsAreToGoOn() throws IOException {
        String advice = "a download was not finished: start the same download again";
        write("config.json", "{}");
        write(".cache/huggingface/download/abc.incomplete", "");
        expect(FailureKind.NOT_FOUND, "has no weights", advice);
        clear();
        write("model.safetensors.incomplete", "");
        expect(FailureKind.NOT_FOUND, "has no config.json", advice);
        clear();
        Path snapshot = Files.createDirectories(directory.resolve("models--a--b/snapshots/1"));
        write("models--a--b/snapshots/1/config.json", "{}");
        write("models--a--b/snapshots/1/model.safetensors.index.json", "{\"weight_map\":{\"a\":\"x.safetensors\"}}");
        write("models--a--b/blobs/abc.incomplete", "");
        Failures.expect(
                FailureKind.NOT_FOUND,
                () -> Checkpoint.open(snapshot),
                "lacks 1 of the 1 files",
                "x.safetensors",
                advice);
    }

    @Test
    void namesOfFilesAreFitForALine() throws IOException {
        write("evil\u001b[2J\n.gguf", "");
        expect(FailureKind.UNSUPPORTED_MODEL, "'evil\uFFFD[2J\uFFFD.gguf'");
    }

    @Test
    void hostileJsonIsBounded() throws IOException {
        writeModel("config.json");
        StringBuilder values = new StringBuilder("{\"a\":[0");
        write("config.json", values.append(",0".repeat(1_000_001)).append("]}").toString());
        expect(FailureKind.BAD_CHECKPOINT, "config.json' is not valid", "exceeds the maximum");
        write("config.json", "{\"a\":" + "[".repeat(200) + "]".repeat(200) + "}");
        expect(FailureKind.BAD_CHECKPOINT, "config.json' is not valid", "nesting depth");
        write("config.json", "{\"" + "a".repeat(20_000) + "\":1}");
        expect(FailureKind.BAD_CHECKPOINT, "config.json' is not valid");
    }

    @Test
    void manyShardsAreRefusedBeforeTheyAreMapped() throws IOException {
        writeModel("model.safetensors.index.json");
        StringBuilder index = new StringBuilder("{\"weight_map\":{\"t\":\"0.safetensors\"");
        for (int i = 0; i < 10_000; i++) {
            index.append(",\"").append(i).append("\":\"x").append(i).append(".safetensors\"");
        }
        write("model.safetensors.index.json", index.append("}}").toString());
        expect(FailureKind.BAD_CHECKPOINT, "names more than 10000 files");
    }

    private void expect(FailureKind kind, String... words) {
        Failures.expect(kind, () -> Checkpoint.open(directory), words);
    }

    /** A model that lacks nothing; with an index if that is what the test is about. */
    private void writeModel(String about) throws IOException {
        write("config.json", "{}");
        write("tokenizer.json", "{}");
        boolean index = about.equals("model.safetensors.index.json");
        writeWeights(index ? "x.safetensors" : "model.safetensors");
        if (index) {
            write(about, "{\"weight_map\":{\"a\":\"x.safetensors\"}}");
        }
        Checkpoint.open(directory).close();
    }

    private void writeWeights(String name) throws IOException {
        Files.write(directory.resolve(name), file("{" + entry("a", "F32", "[1]", 0, 4) + "}", 4));
    }

    private void write(String name, String contents) throws IOException {
        Path file = directory.resolve(name);
        Files.createDirectories(file.resolveSibling(""));
        Files.writeString(file, contents);
    }

    private void clear() throws IOException {
        try (var files = Files.walk(directory)) {
            for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                if (!file.equals(directory)) {
                    Files.delete(file);
                }
            }
        }
        assertThat(directory).isEmptyDirectory();
    }
}
