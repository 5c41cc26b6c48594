package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import io.fastforward.failure.FailureKind;
import io.fastforward.testing.FaultyPlugins;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of a run whose record is damaged, or was left by a process that was killed. */
class RecordTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private static Path shared;

    private static TinyRun run;
    private static SortedMap<String, byte[]> finished;
    private static SortedMap<String, String> outcome;

    @BeforeAll
    static void pruneOnce() throws IOException {
        run = TinyRun.in(shared);
        run.command().run().succeeds();
        finished = run.files();
        outcome = run.outcome();
    }

    @BeforeEach
    void restore() throws IOException {
        run.restore(finished);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "manifest.json | {} | checksum",
                "manifest.json | null | checksum",
                "nested-order.json | {\"modules\":[]} | checksum",
                "search-state.json | [] | checksum",
                "result.json | {} | checksum"
            })
    void aRecordWithoutAChecksumIsRefused(String name, String contents, String words) throws IOException {
        if (!name.equals("result.json")) {
            run.killedInTheSearch();
        }
        Files.writeString(run.record(name), contents);
        run.resume()
                .isRefused(
                        FailureKind.BAD_RECORD, "'" + run.record(name) + "' is damaged", words, "start the run anew");
    }

    @Test
    void twoSwappedUnitsAreNoticed() throws IOException {
        run.killedInTheSearch();
        Path order = run.record("nested-order.json");
        String text = Files.readString(order);
        int list = text.indexOf("[ ", text.indexOf("[ ") + 1) + 2;
        String[] first = text.substring(list).split("[ ,]+", 3);
        String swapped = text.substring(0, list) + first[1] + ", " + first[0] + ", " + first[2];
        assertThat(swapped).hasSameSizeAs(text).isNotEqualTo(text);
        Files.writeString(order, swapped);
        run.resume().isRefused(FailureKind.BAD_RECORD, "'" + order + "' is damaged", "checksum");
    }

    @Test
    void whatIsMissingOrOfAnotherTypeIsNamed() throws IOException {
        ObjectNode manifest = run.document("manifest.json");
        ObjectNode changed = manifest.deepCopy();
        ((ObjectNode) changed.get("settings").get("plugins")).remove("agent");
        differs(changed, "the setting --agent (then not there, now");
        changed = manifest.deepCopy();
        ((ObjectNode) changed.get("settings").get("windows")).put("reward", 0);
        differs(changed, "the setting --reward-windows (then 0, now");
        changed = manifest.deepCopy();
        changed.putNull("versions");
        refuses("manifest.json", changed, "versions", "null");
        changed = manifest.deepCopy();
        ((ArrayNode) changed.get("model")).addNull();
        refuses("manifest.json", changed, "model", "null");
        changed = manifest.deepCopy();
        changed.put("format", "other");
        refuses("manifest.json", changed, "format");
        changed = manifest.deepCopy();
        changed.put("more", 1);
        refuses("manifest.json", changed, "more");

        restore();
        ObjectNode result = run.document("result.json");
        changed = result.deepCopy();
        changed.putArray("variants");
        refuses("result.json", changed, "at least one");
        changed = result.deepCopy();
        changed.put("heldOut", 1);
        refuses("result.json", changed, "heldOut");
    }

    @Test
    void anOrderOfAnotherModelIsRefused() throws IOException {
        run.killedInTheSearch();
        ObjectNode order = run.document("nested-order.json");
        ((ArrayNode) order.get("modules")).remove(0);
        refuses("nested-order.json", order, "3 modules", "4");
        restore();
        run.killedInTheSearch();
        order = run.document("nested-order.json");
        ((ArrayNode) order.get("modules").get(1)).add(10);
        refuses("nested-order.json", order, "11 parts of module 1", "10");
    }

    @Test
    void scoresThatCannotBeThoseOfTheOrderAreRefused() throws IOException {
        run.killedInTheSearch();
        ObjectNode order = run.document("nested-order.json");
        ObjectNode changed = order.deepCopy();
        changed.remove("unitScores"); // as earlier versions wrote it
        refuses("nested-order.json", changed, "Missing creator property 'unitScores'");
        changed = order.deepCopy();
        ((ArrayNode) changed.get("unitScores")).remove(0);
        refuses("nested-order.json", changed, "scores 3 modules", "4");
        changed = order.deepCopy();
        ((ArrayNode) changed.get("unitScores").get(1)).remove(0);
        refuses("nested-order.json", changed, "9 units of module 1", "10");
        changed = order.deepCopy();
        ((ArrayNode) changed.get("unitScores").get(1)).set(3, JsonNodeFactory.instance.numberNode(1e9));
        refuses("nested-order.json", changed, "the scores of module 1 are not finite and descending: unit 3");
        changed = order.deepCopy();
        ((ArrayNode) changed.get("unitScores").get(0)).set(0, JsonNodeFactory.instance.textNode("NaN"));
        refuses("nested-order.json", changed, "the scores of module 0 are not finite and descending: unit 0");
    }

    /** The agent is made anew, and allocates by the scores in the record. */
    @Test
    void aResumedRunHasTheScoresOfItsUnits(@TempDir Path other) throws IOException {
        TinyRun allocated = TinyRun.in(other);
        SmallRun command = allocated.command().withoutPluginOptions().with("--agent", "threshold");
        command.run().succeeds();
        SortedMap<String, String> uninterrupted = allocated.outcome();
        allocated.killedInTheSearch();
        Files.delete(allocated.record("search-state.json"));

        command.and("--resume").run().succeeds();

        assertThat(allocated.outcome()).isEqualTo(uninterrupted);
    }

    @Test
    void aRecordIsInspected() throws IOException {
        String record = run.record().toString();

        JsonNode modules = JSON.readTree(
                        CommandRun.of("inspect", record, "--json").succeeds().text())
                .get("modules");
        ObjectNode order = run.document("nested-order.json");
        assertThat(modules).hasSize(4);
        for (int m = 0; m < 4; m++) {
            JsonNode module = modules.get(m);
            assertThat(module.get("errors")).isEqualTo(order.get("errors").get(m));
            assertThat(module.get("units").intValue()).isEqualTo(m % 2 == 0 ? 3 : 10);
            assertThat(module.get("kept")).isEqualTo(run.document("result.json").at("/policy/retained/" + m));
        }
        assertThat(modules.get(1).get("errorWithHalf")).isEqualTo(order.at("/errors/1/5"));
        assertThat(CommandRun.of("inspect", record).succeeds().output())
                .hasSize(6)
                .anyMatch(line -> line.startsWith("    1  attention  3 KV groups"));

        run.killedInTheSearch();
        assertThat(JSON.readTree(CommandRun.of("inspect", record, "--json")
                                .succeeds()
                                .text())
                        .at("/modules/0/kept")
                        .isNull())
                .isTrue();
        CommandRun.of("inspect", record, "--zeros").isRefused(FailureKind.USAGE, "--zeros", "record of a run");
        ((ArrayNode) order.get("errors")).remove(0);
        run.seal("nested-order.json", order);
        CommandRun.of("inspect", record)
                .isRefused(FailureKind.BAD_RECORD, "nested-order.json' is damaged", "3 modules");
        order.put("run", "other");
        run.seal("nested-order.json", order);
        CommandRun.of("inspect", record).isRefused(FailureKind.BAD_RECORD, "another run");
    }

    @Test
    void aRecordWithoutCurvesSaysSo() throws IOException {
        ObjectNode order = run.document("nested-order.json");
        order.putArray("errors");
        order.putArray("probes");
        run.seal("nested-order.json", order);
        assertThat(CommandRun.of("inspect", run.record().toString()).succeeds().output())
                .singleElement()
                .asString()
                .startsWith("This run has no error curves");
    }

    @Test
    void theRecordOfAnotherRunIsRefused(@TempDir Path other) throws IOException {
        TinyRun second = TinyRun.in(other);
        second.command().with("--seed", 2).run().succeeds();
        for (String name : List.of("nested-order.json", "search-state.json")) {
            restore();
            run.killedInTheSearch();
            Files.write(run.record(name), Files.readAllBytes(second.record(name)));
            run.resume().isRefused(FailureKind.BAD_RECORD, name, "another run");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "/settings, episodes, 1000000000",
        "/settings, episodes, 0",
        "/settings, sparsity, 1.5",
        "/settings, sparsity, \"NaN\"",
        "/settings, windows, -1",
        "/settings, finalists, 0",
        "/settings, finalistWindows, 1",
        "/settings/schedule, ramp, 1",
        "/settings/schedule, initialSparsity, -0.5",
        "/settings/schedule, initialFidelity, 1e300"
    })
    void aSearchWithOtherSettingsIsRefused(String group, String name, String value) throws IOException {
        run.killedInTheSearch();
        ObjectNode state = run.document("search-state.json");
        ((ObjectNode) state.at(group)).putRawValue(name, new RawValue(value));
        run.seal("search-state.json", state);
        run.resume().isRefused(FailureKind.BAD_RECORD, "search");
    }

    @Test
    void aSearchCannotHaveEndedWithAnyPolicy() throws IOException {
        run.killedBeforeTheOutput();
        ObjectNode outcome = run.document("search-result.json");
        ArrayNode retained = (ArrayNode) outcome.get("policy").get("retained");
        retained.set(0, retained.numberNode(4));
        refuses("search-result.json", outcome, "module 0");
        retained.set(0, retained.numberNode(-1));
        refuses("search-result.json", outcome, "cannot retain -1 units");
        retained.set(0, retained.numberNode(0));
        refuses("search-result.json", outcome, "fewer units of module 0");
        for (int i = 0; i < 4; i++) {
            retained.set(i, retained.numberNode(i % 2 == 0 ? 3 : 10));
        }
        refuses("search-result.json", outcome, "removes 0.0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{\"half a", "first lines lost", "not UTF-8", "a line damaged"})
    void trialsAreForPeopleAlone(String damage) throws IOException {
        run.killedInTheSearch();
        Path trials = run.record("trials.jsonl");
        List<String> lines = Files.readAllLines(trials);
        int kept = 0;
        switch (damage) {
            case "first lines lost" -> {
                Files.write(trials, lines.subList(3, lines.size()));
                kept = lines.size() - 3;
            }
            case "not UTF-8" -> Files.write(trials, new byte[] {(byte) 0xff, '\n', (byte) 0xc0});
            case "a line damaged" -> {
                Files.writeString(trials, Files.readString(trials).replaceFirst("\"trial\"", "\"trail\""));
                kept = lines.size() - 1;
            }
            default -> Files.writeString(trials, damage);
        }
        CommandRun resumed = run.resume().succeeds();
        assertThat(resumed.errors())
                .contains("Warning: '" + trials + "' holds " + kept
                        + " of the " + lines.size()
                        + " trials that the search had done; it goes on without the others, which it does"
                        + " not need");
        assertThat(run.outcome()).isEqualTo(outcome);
        assertThat(Files.readAllLines(trials)).hasSize(kept).isSubsetOf(lines);
    }

    /** A process was killed while it made the directory, the lock, or the manifest. */
    @ParameterizedTest
    @CsvSource({"false, ''", "false, lock", "true, lock", "false, manifest", "true, manifest", "true, log"})
    void aRunThatWasKilledAsItBeganBeginsAgain(boolean resume, String killed) throws IOException {
        byte[] lock = Files.readAllBytes(run.record("run.lock"));
        run.restore(new TreeMap<>());
        Files.createDirectory(run.record());
        switch (killed) {
            case "lock" -> Files.createFile(run.record("run.lock"));
            case "manifest" -> {
                Files.write(run.record("run.lock"), lock);
                Files.writeString(run.record("manifest.json.partial-0123abcd"), "{ \"half");
            }
            case "log" -> {
                Files.write(run.record("run.lock"), lock);
                Files.createFile(run.record("run.log"));
            }
            default -> {}
        }
        (resume ? run.resume() : run.command().run()).succeeds();
        assertThat(run.outcome()).isEqualTo(outcome);
        assertThat(run.files().keySet()).isEqualTo(finished.keySet());
    }

    @Test
    void whatIsNotOursIsKept() throws IOException {
        run.restore(new TreeMap<>());
        Path theirs = Files.createDirectories(run.record("manifest.json.partial-0123abcd"));
        run.command().run().isRefused(FailureKind.OUTPUT_NOT_EMPTY, "not empty");
        assertThat(theirs).exists();
        Files.createFile(run.record("run.lock"));
        run.command().run().isRefused(FailureKind.OUTPUT_NOT_EMPTY, "not empty");
        assertThat(theirs).exists();
        Files.delete(theirs);
        Path notes = Files.writeString(run.record("notes"), "theirs");
        run.resume().isRefused(FailureKind.OUTPUT_NOT_EMPTY, "not empty");
        assertThat(notes).hasContent("theirs");
        Files.delete(notes);
        Path lock = Files.writeString(run.record("run.lock"), "precious");
        run.command().run().isRefused(FailureKind.OUTPUT_NOT_EMPTY, "not empty");
        assertThat(lock).hasContent("precious");
    }

    @Test
    void aFinishedRunIsNotCompleteWithoutItsOutput() throws IOException {
        Path weights = run.output().resolve("model.safetensors");
        for (Path file : List.of(weights, run.output().resolve("config.json"))) {
            run.restore(finished);
            Files.delete(file);
            run.resume().isRefused(FailureKind.OUTPUT_NOT_EMPTY, "'" + run.output() + "'");
        }
        run.restore(finished);
        try (Stream<Path> files = Files.list(run.output())) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        run.resume().succeeds();
        assertThat(run.outcome()).isEqualTo(outcome);
    }

    /** Somebody deleted a large file of it to save room. */
    @Test
    void theRecordOfAFinishedRunIsNotDeleted() throws IOException {
        Files.delete(run.record("nested-order.json"));
        run.resume().succeeds();
        assertThat(run.record("manifest.json")).exists();
        assertThat(run.record("result.json")).exists();
    }

    @Test
    void aLinkAsRunDirectoryStays(@TempDir Path other) throws IOException {
        Path empty = Files.createDirectory(other.resolve("empty"));
        Path link = Files.createSymbolicLink(other.resolve("link"), empty);
        FaultyPlugins.write(other);
        TinyRun.in(other)
                .command()
                .with("--run-dir", link)
                .with("--plugins", other)
                .with("--criterion", "nan")
                .run()
                .isRefused(FailureKind.PLUGIN, "nan");
        assertThat(link).isSymbolicLink();
        assertThat(empty).exists();
    }

    /** Such a run has no search to tell of, so that its result holds nulls. */
    @Test
    void aRunWithAGivenPolicyIsResumedToo(@TempDir Path other) throws IOException {
        TinyRun second = TinyRun.in(other);
        SmallRun command = second.command()
                .without("--sparsity")
                .with("--policy", run.output().resolve("policy.json"));
        command.run().succeeds();
        SortedMap<String, String> expected = second.outcome();
        assertThat(command.and("--resume").run().succeeds().errors())
                .anyMatch(line -> line.contains("run is complete"));
        Files.delete(second.record("result.json"));
        command.and("--resume").run().succeeds();
        assertThat(second.outcome()).isEqualTo(expected);
    }

    /** The output is known by its contents: another run may have written the same policy. */
    @Test
    void anotherOutputWithTheSamePolicyIsNotTakenForOurs() throws IOException {
        Files.delete(run.record("result.json"));
        Path weights = run.output().resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        bytes[bytes.length - 1] ^= 1;
        Files.write(weights, bytes);
        run.resume().isRefused(FailureKind.OUTPUT_NOT_EMPTY, "'" + run.output() + "'");
        assertThat(weights).hasBinaryContent(bytes);
    }

    @Test
    void aPolicyOfAnySizeIsNotRead(@TempDir Path other) throws IOException {
        Path large = other.resolve("policy.json");
        Files.write(large, new byte[(16 << 20) + 1]);
        run.command()
                .without("--sparsity")
                .with("--output", other.resolve("out"))
                .with("--policy", large)
                .run()
                .isRefused(FailureKind.BAD_RECORD, "policy.json", "more than 16777216 bytes");
    }

    /** Anybody can check a record with the tools of the system. */
    @Test
    void theSecondLineIsTheChecksumOfTheOthers() throws Exception {
        for (String name : List.of("manifest.json", "search-state.json", "result.json")) {
            List<String> lines = Files.readAllLines(run.record(name));
            String second = lines.remove(1);
            byte[] others = String.join("\n", lines).getBytes(StandardCharsets.UTF_8);
            String expected = HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(others));
            assertThat(second).isEqualTo("  \"sha256\" : \"" + expected + "\",");
        }
    }

    /** Settings are those of a command, whose own form the manifest does not know. */
    private static void differs(ObjectNode manifest, String words) throws IOException {
        run.seal("manifest.json", manifest);
        run.resume().isRefused(FailureKind.BAD_RECORD, "cannot resume", words);
    }

    private static void refuses(String name, ObjectNode document, String... words) throws IOException {
        run.seal(name, document);
        CommandRun resumed = run.resume();
        resumed.isRefused(FailureKind.BAD_RECORD, words);
        resumed.isRefused(FailureKind.BAD_RECORD, "'" + run.record(name) + "' is damaged");
    }
}
