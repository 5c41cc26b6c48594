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
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Links are followed within the model's directory and into a Hugging Face cache, and nowhere else. */
@Timeout(60) // a link to a device may have no end
class ModelLinksTest {

    private static final byte[] WEIGHTS = file("{" + entry("a", "F32", "[1]", 0, 4) + "}", 4);
    private static final byte[] INDEX =
            "{\"weight_map\":{\"a\":\"model-1.safetensors\"}}".getBytes(StandardCharsets.UTF_8);
    private static final byte[] OBJECT = "{}".getBytes(StandardCharsets.UTF_8);

    @TempDir
    private Path root;

    @Test
    void cachesAreRead() throws IOException {
        Path snapshot = cache();
        try (Checkpoint checkpoint = Checkpoint.open(snapshot)) {
            assertThat(checkpoint.names()).containsExactly("a");
            assertThat(checkpoint.companions().names())
                    .containsExactly("LICENSE", "additional_chat_templates/rag.jinja", "tokenizer.json");
            Path target = Files.createDirectory(root.resolve("target"));
            checkpoint.companions().copyTo(target);
            assertThat(target.resolve("tokenizer.json"))
                    .isRegularFile()
                    .satisfies(copy -> assertThat(Files.isSymbolicLink(copy)).isFalse())
                    .hasContent("{}");
        }
        Path main = Files.createSymbolicLink(root.resolve("main"), snapshot);
        try (Checkpoint checkpoint = Checkpoint.open(main)) {
            assertThat(checkpoint.hashes()).hasSize(3);
        }
    }

    /** As downloads into a directory of one's own were laid out some versions ago. */
    @Test
    void directoriesOfLinksIntoACacheAreRead() throws IOException {
        Path snapshot = cache();
        Path local = Files.createDirectory(root.resolve("local"));
        for (String name : List.of("config.json", "model.safetensors", "tokenizer.json")) {
            Files.createSymbolicLink(local.resolve(name), snapshot.resolve(name).toRealPath());
        }
        try (Checkpoint checkpoint = Checkpoint.open(local)) {
            assertThat(checkpoint.companions().names()).containsExactly("tokenizer.json");
        }
    }

    @Test
    void linksWithinTheDirectoryAreFollowed() throws IOException {
        Path model = plain();
        Path annex = Files.createDirectories(model.resolve(".git/annex"));
        Files.move(model.resolve("model-1.safetensors"), annex.resolve("x"));
        Files.createSymbolicLink(model.resolve("model-1.safetensors"), Path.of(".git/annex/x"));
        Checkpoint.open(model).close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "config.json",
                "model.safetensors.index.json",
                "model-1.safetensors",
                "generation_config.json",
                "tokenizer.json",
                "added_tokens.json",
                "LICENSE",
                "additional_chat_templates/rag.jinja"
            })
    void linksOutOfTheDirectoryAreRefused(String name) throws IOException {
        Path model = plain();
        Path secret = Files.createDirectory(root.resolve("elsewhere")).resolve("secret");
        Files.move(model.resolve(name), secret);
        Files.createSymbolicLink(model.resolve(name), secret);
        String[] words = {name + "' is a link to '" + secret.toRealPath() + "'", "outside of the model's directory"};
        Failures.expect(FailureKind.BAD_CHECKPOINT, () -> Checkpoint.open(model), words);
        // Nor by a way through the directory itself.
        Files.delete(model.resolve(name));
        Path hop = Files.createSymbolicLink(model.resolve(".hop"), secret);
        Files.createSymbolicLink(model.resolve(name), hop.toAbsolutePath());
        Failures.expect(FailureKind.BAD_CHECKPOINT, () -> Checkpoint.open(model), words);
        // Nor to what only looks like a cache.
        Path blobs = Files.createDirectories(root.resolve("models/blobs"));
        Files.move(secret, blobs.resolve("secret"));
        Files.delete(model.resolve(name));
        Files.createSymbolicLink(model.resolve(name), blobs.resolve("secret"));
        Failures.expect(FailureKind.BAD_CHECKPOINT, () -> Checkpoint.open(model), name, "outside");
    }

    @Test
    void aBlobThatLeadsOutOfTheCacheIsRefused() throws IOException {
        Path snapshot = cache();
        Path blob = snapshot.resolve("tokenizer.json").toRealPath();
        Path secret = Files.writeString(root.resolve("secret"), "{}");
        Files.delete(blob);
        Files.createSymbolicLink(blob, secret);
        Failures.expect(
                FailureKind.BAD_CHECKPOINT, () -> Checkpoint.open(snapshot), "tokenizer.json", "outside", "secret");
    }

    @Test
    void directoriesOfTemplatesAreNotTakenFromElsewhere() throws IOException {
        Path model = plain();
        Path elsewhere = root.resolve("elsewhere");
        Files.move(model.resolve("additional_chat_templates"), elsewhere);
        Files.createSymbolicLink(model.resolve("additional_chat_templates"), elsewhere);
        Failures.expect(
                FailureKind.BAD_CHECKPOINT, () -> Checkpoint.open(model), "additional_chat_templates", "outside");
    }

    /** Nobody reads them. */
    @Test
    void linksOfWhatIsLeftOutDoNotMatter() throws IOException {
        Path model = plain();
        Files.createSymbolicLink(model.resolve("runs"), root);
        Files.createSymbolicLink(model.resolve("optimizer.pt"), Path.of("/nonexistent"));
        try (Checkpoint checkpoint = Checkpoint.open(model)) {
            assertThat(checkpoint.companions().remark()).get().asString().contains("runs (a directory)");
        }
    }

    @Test
    void aBlobThatIsMissingIsExplained() throws IOException {
        for (String name : List.of("config.json", "model.safetensors", "tokenizer.json", "LICENSE")) {
            Path snapshot = cache();
            Files.delete(snapshot.resolve(name).toRealPath());
            Failures.expect(
                    FailureKind.NOT_FOUND,
                    () -> Checkpoint.open(snapshot),
                    snapshot.resolve(name) + "' is a link to '../../blobs/",
                    "does not exist",
                    "was not finished",
                    "hf download");
        }
    }

    @Test
    void loopsAndDeadEndsAreExplained() throws IOException {
        Path model = plain();
        Path tokenizer = model.resolve("tokenizer.json");
        Files.delete(tokenizer);
        Files.createSymbolicLink(tokenizer, Path.of("tokenizer.json"));
        Failures.expect(FailureKind.NOT_FOUND, () -> Checkpoint.open(model), "tokenizer.json' is a link to", "levels");
        Files.delete(tokenizer);
        Files.createSymbolicLink(tokenizer, Path.of("nothing"));
        Failures.expect(
                FailureKind.NOT_FOUND, () -> Checkpoint.open(model), "is a link to 'nothing', which does not exist");
        Path end = Files.createSymbolicLink(root.resolve("end"), Path.of("nowhere"));
        Failures.expect(
                FailureKind.NOT_FOUND, () -> Checkpoint.open(end), end + "' is a link to 'nowhere'", "does not exist");
    }

    @Test
    void devicesAreNotRead() throws IOException {
        Path model = plain();
        Files.delete(model.resolve("config.json"));
        Files.createSymbolicLink(model.resolve("config.json"), Path.of("/dev/zero"));
        Failures.expect(
                FailureKind.BAD_CHECKPOINT, () -> Checkpoint.open(model), "config.json' is a link to '/dev/zero'");
    }

    /** A model with every kind of file that is read or copied. */
    private Path plain() throws IOException {
        Path model = Files.createDirectory(root.resolve("model"));
        write(model, "config.json", OBJECT);
        write(model, "model.safetensors.index.json", INDEX);
        write(model, "model-1.safetensors", WEIGHTS);
        write(model, "generation_config.json", OBJECT);
        write(model, "tokenizer.json", OBJECT);
        write(model, "added_tokens.json", OBJECT);
        write(model, "LICENSE", OBJECT);
        write(model, "additional_chat_templates/rag.jinja", OBJECT);
        return model;
    }

    /** As the Hugging Face Hub's library lays it out; the same one again if it is asked for again. */
    private Path cache() throws IOException {
        Path repository = root.resolve("hub/models--org--name");
        Path snapshot = repository.resolve("snapshots/0123456789abcdef0123456789abcdef01234567");
        link(repository, snapshot, "config.json", OBJECT);
        link(repository, snapshot, "model.safetensors", WEIGHTS);
        link(repository, snapshot, "tokenizer.json", OBJECT);
        link(repository, snapshot, "LICENSE", OBJECT);
        link(repository, snapshot, "additional_chat_templates/rag.jinja", OBJECT);
        return snapshot;
    }

    private static void link(Path repository, Path snapshot, String name, byte[] contents) throws IOException {
        Path blob = repository.resolve("blobs/" + "%040x".formatted(name.hashCode()));
        write(repository, repository.relativize(blob).toString(), contents);
        Path link = snapshot.resolve(name);
        Files.createDirectories(link.resolveSibling(""));
        if (!Files.isSymbolicLink(link)) {
            Files.createSymbolicLink(link, link.resolveSibling("").relativize(blob));
        }
    }

    private static void write(Path directory, String name, byte[] contents) throws IOException {
        Path file = directory.resolve(name);
        Files.createDirectories(file.resolveSibling(""));
        Files.write(file, contents);
    }
}
