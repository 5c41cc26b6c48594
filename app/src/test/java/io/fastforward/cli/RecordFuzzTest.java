package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.failure.FailureKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damages the record of a run at random and resumes the run. If bytes were changed, the outcome is that of the
 * undamaged run, or the file is said to be damaged. If the JSON was changed and got a checksum that fits, it may be
 * another result, too; but never a defect. How many cases there are: {@code -Dfastforward.fuzz.cases=N}.
 */
class RecordFuzzTest {

    private static final int CASES = Integer.getInteger("fastforward.fuzz.cases", 80);

    /** What a well-made record with nonsense in it may end in. */
    private static final Set<Integer> SENSIBLE = Set.of(
            0,
            FailureKind.BAD_RECORD.exitCode(),
            FailureKind.OUTPUT_NOT_EMPTY.exitCode(), // the output is not the one that the record tells of
            FailureKind.NOT_FINITE.exitCode());

    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final SplittableRandom random = new SplittableRandom(20_251_125);

    @TempDir
    private Path directory;

    @Test
    void noDamagedRecordDoesHarm() throws IOException {
        TinyRun run = TinyRun.in(directory);
        run.command().run().succeeds();
        SortedMap<String, String> expected = run.outcome();
        List<SortedMap<String, byte[]>> states = states(run);
        int right = 0;
        int refused = 0;
        for (int i = 0; i < CASES; i++) {
            SortedMap<String, byte[]> state = states.get(random.nextInt(states.size()));
            run.restore(state);
            List<String> names = state.keySet().stream()
                    .filter(name -> name.startsWith("out-run") && !name.endsWith(".log"))
                    .toList();
            String name = Path.of(names.get(random.nextInt(names.size())))
                    .getFileName()
                    .toString();
            boolean sealed = !name.equals("policy.json") && name.endsWith(".json") && random.nextBoolean();
            String damaged = sealed ? damageTree(run, name) : damageBytes(run.record(name));
            CommandRun resumed = run.resume();
            String what = "case " + i + ", " + name + ": " + damaged + " -> " + resumed.errors();
            if (sealed) {
                assertThat(resumed.exitCode()).as(what).isIn(SENSIBLE);
            } else if (resumed.exitCode() == 0) {
                assertThat(run.outcome()).as(what).isEqualTo(expected);
            } else {
                assertThat(resumed.exitCode()).as(what).isEqualTo(FailureKind.BAD_RECORD.exitCode());
                assertThat(resumed.errors().getLast()).as(what).contains(name);
            }
            if (resumed.exitCode() == 0) {
                right++;
            } else {
                refused++;
            }
        }
        System.out.printf("fuzz of records: %d cases, %d refused, %d resumed, 0 others%n", CASES, refused, right);
        assertThat(right).isGreaterThan(CASES / 20);
        assertThat(refused).isGreaterThan(CASES / 4);
    }

    /** The record as it is when a run is killed at several times, the last one after its end. */
    private static List<SortedMap<String, byte[]>> states(TinyRun run) throws IOException {
        List<SortedMap<String, byte[]>> states = new ArrayList<>();
        states.add(run.files());
        Files.delete(run.record("result.json"));
        states.add(run.files());
        run.restore(states.getFirst());
        run.killedBeforeTheOutput();
        states.add(run.files());
        run.restore(states.getFirst());
        run.killedInTheSearch();
        states.add(run.files());
        return states;
    }

    private String damageBytes(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int at = random.nextInt(bytes.length + 1);
        return switch (random.nextInt(4)) {
            case 0 -> {
                int bit = random.nextInt(8);
                int place = Math.min(at, bytes.length - 1);
                bytes[place] ^= (byte) (1 << bit);
                Files.write(file, bytes);
                yield "bit " + bit + " of byte " + place;
            }
            case 1 -> {
                Files.write(file, Arrays.copyOf(bytes, at));
                yield "cut to " + at + " bytes";
            }
            case 2 -> {
                Arrays.fill(bytes, at, Math.min(bytes.length, at + random.nextInt(1, 4096)), (byte) 0);
                Files.write(file, bytes);
                yield "zeros from " + at;
            }
            default -> {
                String other = List.of("{}", "null", "[]", "", "{\"sha256\":1}", "x".repeat(10_000))
                        .get(random.nextInt(6));
                Files.writeString(file, other);
                yield "replaced by " + other.length() + " characters";
            }
        };
    }

    private String damageTree(TinyRun run, String name) throws IOException {
        JsonNode document = run.document(name);
        List<String> done = new ArrayList<>();
        for (int n = random.nextInt(1, 3); n > 0; n--) {
            done.add(damage(document));
        }
        run.seal(name, document);
        return String.join(", ", done);
    }

    /** Walks to a random place and changes it. */
    private String damage(JsonNode root) {
        JsonNode parent = root;
        StringBuilder path = new StringBuilder();
        while (true) {
            int children = parent.size();
            if (children == 0) {
                return "nothing at " + path;
            }
            int index = random.nextInt(children);
            String key = parent instanceof ObjectNode object
                    ? new ArrayList<>(object.propertyStream()
                                    .map(entry -> entry.getKey())
                                    .toList())
                            .get(index)
                    : String.valueOf(index);
            path.append('/').append(key);
            JsonNode child = parent instanceof ArrayNode ? parent.get(index) : parent.get(key);
            if (child.isContainerNode() && child.size() > 0 && random.nextInt(4) > 0) {
                parent = child;
                continue;
            }
            return path + " " + change(parent, key, index, child);
        }
    }

    private String change(JsonNode parent, String key, int index, JsonNode child) {
        int choice = random.nextInt(4);
        if (parent instanceof ObjectNode object) {
            if (choice == 0) {
                object.remove(key);
                return "removed";
            }
            JsonNode other = other(child);
            object.set(key, other);
            return "now " + shortened(other);
        }
        ArrayNode array = (ArrayNode) parent;
        switch (choice) {
            case 0 -> array.remove(index);
            case 1 -> array.add(child.deepCopy());
            case 2 -> {
                int with = random.nextInt(array.size());
                JsonNode swapped = array.get(with);
                array.set(with, child);
                array.set(index, swapped);
            }
            default -> {
                JsonNode other = other(child);
                array.set(index, other);
                return "now " + shortened(other);
            }
        }
        return List.of("removed", "added again", "swapped").get(choice);
    }

    private JsonNode other(JsonNode child) {
        if (child.isIntegralNumber() && random.nextBoolean()) {
            return NODES.numberNode(child.longValue() + random.nextInt(-2, 3));
        }
        List<Supplier<JsonNode>> others = List.of(
                NODES::nullNode,
                () -> NODES.booleanNode(true),
                () -> NODES.numberNode(0),
                () -> NODES.numberNode(-1),
                () -> NODES.numberNode(Integer.MAX_VALUE),
                () -> NODES.numberNode(Long.MAX_VALUE),
                () -> NODES.numberNode(1e308),
                () -> NODES.numberNode(0.5),
                () -> NODES.textNode("NaN"),
                () -> NODES.textNode("-Infinity"),
                () -> NODES.textNode(""),
                () -> NODES.textNode("AAAA"),
                () -> NODES.textNode("x\u001b[2J\n".repeat(3000)),
                NODES::arrayNode,
                NODES::objectNode,
                () -> NODES.arrayNode().addNull(),
                () -> JSON.createArrayNode().add(child.deepCopy()).add(child.deepCopy()));
        return others.get(random.nextInt(others.size())).get();
    }

    private static String shortened(JsonNode node) {
        String text = node.toString();
        return text.substring(0, Math.min(text.length(), 60));
    }
}
