package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.failure.FailureKind;
import io.fastforward.testing.DemoModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A tokenizer with tokens that its model has no row for, as one with an added {@code [PAD]} or of another model has:
 * a text that has such a token is refused before anything is computed or written.
 */
class ForeignTokensTest {

    private static final int ROWS = 1024;
    private static final String[] WORDS = {"[PAD]", "the id 1024", "a vocabulary of 1024", "resize_token_embeddings"};

    @TempDir
    private Path directory;

    private Path model;
    private Path text;
    private Path tasks;

    @SuppressWarnings("NullAway.Init")
    ForeignTokensTest() {}

    @BeforeEach
    void make() throws IOException {
        ObjectMapper json = new ObjectMapper();
        DamagedModel copy = DamagedModel.copyTo(directory.resolve("model"));
        model = copy.directory();
        Path file = model.resolve("tokenizer.json");
        ObjectNode tokenizer = (ObjectNode) json.readTree(file.toFile());
        ArrayNode added = (ArrayNode) tokenizer.path("added_tokens");
        for (int id = tokenizer.path("model").path("vocab").size(); id <= ROWS; id++) {
            ObjectNode token = added.path(0).deepCopy();
            added.add(token.put("id", id).put("content", id == ROWS ? "[PAD]" : "[EXTRA" + id + "]"));
        }
        json.writeValue(file.toFile(), tokenizer);
        text = Files.writeString(
                directory.resolve("text.txt"),
                Files.readString(DemoModel.directory().resolve("validation.txt")) + "\nThe end. [PAD]\n");
        tasks = Files.writeString(
                directory.resolve("tasks.jsonl"),
                "{\"context\": \"Pia went to the\", \"choices\": [\" forest\", \" [PAD]\"], \"answer\": 0}\n");
    }

    @AfterEach
    void nothingIsLeft() throws IOException {
        try (var files = Files.list(directory)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("model", "text.txt", "tasks.jsonl");
        }
    }

    @Test
    void pruning() {
        SmallRun run = SmallRun.into(directory.resolve("out")).of(model);
        run.with("--calibration", text).run().isRefused(FailureKind.BAD_CHECKPOINT, WORDS);
        run.with("--evaluation", text).run().isRefused(FailureKind.BAD_CHECKPOINT, WORDS);
        run.with("--tasks", tasks).run().isRefused(FailureKind.BAD_CHECKPOINT, WORDS);
    }

    @Test
    void evaluating() {
        CommandRun.of("evaluate", model.toString(), "--text", text.toString(), "--text-unit", "line")
                .isRefused(FailureKind.BAD_CHECKPOINT, WORDS);
        CommandRun withTasks = CommandRun.of(
                "evaluate",
                model.toString(),
                "--text",
                DemoModel.directory().resolve("validation.txt").toString(),
                "--window",
                "64",
                "--windows",
                "1",
                "--tasks",
                tasks.toString());
        withTasks.isRefused(FailureKind.BAD_CHECKPOINT, WORDS);
        assertThat(withTasks.errors()).as("nothing was computed").noneMatch(line -> line.startsWith("Evaluating"));
    }

    @Test
    void generating() {
        CommandRun.of("generate", model.toString(), "--prompt", "Hello [PAD]", "--max-tokens", "2")
                .isRefused(FailureKind.BAD_CHECKPOINT, WORDS);
        CommandRun.of("generate", model.toString(), "--prompt", "Hello [EXTRA1023]", "--max-tokens", "2")
                .succeeds();
    }

    /** Exit code 70 before. */
    @Test
    void charactersThatThereIsNoTokenFor() throws IOException {
        Files.copy(
                Path.of("src/test/resources/tokenizer/kinds/word_piece_without_unknown.json"),
                model.resolve("tokenizer.json"),
                StandardCopyOption.REPLACE_EXISTING);
        CommandRun.of("generate", model.toString(), "--prompt", "東", "--max-tokens", "2")
                .isRefused(FailureKind.BAD_CHECKPOINT, "cannot encode", "Missing [UNK] token", "give a text of");
    }
}
