package io.fastforward.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.model.Model;
import io.fastforward.testing.FileMutations;
import io.fastforward.testing.Golden;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damages one file at a time of small checkpoints of every family, as bytes and as JSON, and opens them as every command
 * does. Whatever comes of it is a model or a failure that a user can read; anything else that is thrown fails the test.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES) // a hang must not stop the build
class CheckpointFuzzTest {

    private static final Set<FailureKind> SENSIBLE = EnumSet.of(
            FailureKind.BAD_CHECKPOINT, FailureKind.UNSUPPORTED_MODEL, FailureKind.NOT_FOUND, FailureKind.NOT_FINITE);

    private static final String INDEX = "model.safetensors.index.json";

    private static final Map<String, String> COMPANIONS = Map.of(
            "generation_config.json", "{\"bos_token_id\":1,\"eos_token_id\":[2,3],\"temperature\":0.6}",
            "tokenizer_config.json", "{\"auto_map\":{\"AutoTokenizer\":[\"tokens.Slow\",null]},\"eos_token\":\"</s>\"}",
            "tokenizer.json", "{\"version\":\"1.0\",\"added_tokens\":[],\"model\":{\"type\":\"BPE\"}}",
            "added_tokens.json", "{\"<|extra|>\":32000}",
            "tokens.py", "class Slow: pass\n");

    private final FileMutations mutations = new FileMutations(20_261_125);
    private final Map<FailureKind, Integer> refused = new EnumMap<>(FailureKind.class);
    private int opened;

    @Test
    void noDamagedCheckpointDoesHarm(@TempDir Path directory) throws IOException {
        List<Path> models = new ArrayList<>();
        for (String family : Golden.families().toList()) {
            models.add(copy(family, directory.resolve(family), false));
            models.add(copy(family, directory.resolve(family + "-sharded"), true));
        }
        int cases = FileMutations.cases(1_500);
        for (int i = 0; i < cases; i++) {
            damageOneFile(mutations.oneOf(models), i);
        }
        System.out.println("fuzz of checkpoints: " + cases + " cases, " + opened + " opened, "
                + refused.values().stream().mapToInt(Integer::intValue).sum() + " refused " + refused + ", 0 others");
        // Both outcomes must be common, or the mutations are too wild or too tame to say anything.
        assertThat(opened).isGreaterThan(cases / 20);
        assertThat(refused.getOrDefault(FailureKind.BAD_CHECKPOINT, 0)).isGreaterThan(cases / 10);
        assertThat(refused.getOrDefault(FailureKind.UNSUPPORTED_MODEL, 0)).isGreaterThan(cases / 500);
    }

    private void damageOneFile(Path model, int number) throws IOException {
        Path file = model.resolve(mutations.oneOf(files(model)));
        byte[] valid = Files.readAllBytes(file);
        byte[] damaged = file.toString().endsWith(".json")
                ? mutations.happens(0.7) ? mutations.ofJson(valid) : mutations.ofBytes(valid)
                : mutations.happens(0.7) ? withHeaderDamaged(valid) : mutations.ofBytes(valid);
        try {
            Files.write(file, damaged);
            open(model, file.toString().endsWith(".safetensors"));
            opened++;
        } catch (Failure e) {
            if (!SENSIBLE.contains(e.kind())) {
                throw new AssertionError(describe(number, file, damaged), e);
            }
            refused.merge(e.kind(), 1, Integer::sum);
        } catch (RuntimeException | Error e) {
            throw new AssertionError(describe(number, file, damaged), e);
        } finally {
            Files.write(file, valid);
        }
    }

    private static String describe(int number, Path file, byte[] damaged) {
        String contents = damaged.length > 10_000 || !file.toString().endsWith(".json")
                ? HexFormat.of().formatHex(damaged, 0, Math.min(damaged.length, 2_000))
                : new String(damaged, StandardCharsets.UTF_8);
        return "case " + number + ", " + file + ": " + contents;
    }

    /** Files that are read whole are damaged as often as each other; code is not read. */
    private static List<String> files(Path model) {
        List<String> files = new ArrayList<>(List.of(
                "config.json",
                "config.json",
                "generation_config.json",
                "tokenizer_config.json",
                "added_tokens.json",
                "model.safetensors"));
        if (Files.exists(model.resolve(INDEX))) {
            files.set(files.size() - 1, INDEX);
            files.add("model-00001-of-00002.safetensors");
        }
        return files;
    }

    /** As commands do before they compute; weights are read only if they may be damaged, since it takes long. */
    private static void open(Path directory, boolean readWeights) {
        try (Model model = Model.open(directory)) {
            model.tensors();
            model.unprunedSpec();
            model.config(model.spec(), null);
            Checkpoint checkpoint = model.checkpoint();
            checkpoint.generationConfig();
            if (readWeights) {
                model.requireFinite(null);
                checkpoint.hashes();
            }
            checkpoint.companions().remark();
            assertThat(checkpoint.companions().names()).contains("tokenizer.json");
        }
    }

    /** A header with its tree or its bytes damaged, and its length put right. */
    private byte[] withHeaderDamaged(byte[] file) {
        int end = Math.toIntExact(Long.BYTES
                + ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong());
        byte[] header = new byte[end - Long.BYTES];
        System.arraycopy(file, Long.BYTES, header, 0, header.length);
        byte[] damaged = mutations.happens(0.8) ? mutations.ofJson(header) : mutations.ofBytes(header);
        return ByteBuffer.allocate(Long.BYTES + damaged.length + file.length - end)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(damaged.length)
                .put(damaged)
                .put(file, end, file.length - end)
                .array();
    }

    private static Path copy(String family, Path target, boolean sharded) throws IOException {
        Files.createDirectories(target);
        Path source = Golden.path(family);
        Files.copy(source.resolve("config.json"), target.resolve("config.json"));
        for (Map.Entry<String, String> companion : COMPANIONS.entrySet()) {
            Files.writeString(target.resolve(companion.getKey()), companion.getValue());
        }
        if (sharded) {
            writeShards(source, target);
        } else {
            Files.copy(source.resolve("model.safetensors"), target.resolve("model.safetensors"));
        }
        open(target, true);
        return target;
    }

    private static void writeShards(Path source, Path target) {
        try (Arena arena = Arena.ofShared()) {
            SafetensorsFile weights = SafetensorsFile.map(source.resolve("model.safetensors"), arena);
            List<TensorPlan> plan = new ArrayList<>();
            for (String name : weights.names()) {
                StoredTensor tensor = weights.tensor(name);
                plan.add(new TensorPlan(name, tensor.type(), tensor.shape()));
            }
            try (CheckpointWriter writer = CheckpointWriter.open(target, plan, weights.dataBytes() * 2 / 3)) {
                for (String name : weights.names()) {
                    writer.write(name, weights.tensor(name).matrix());
                }
                writer.finish();
            }
        }
    }
}
