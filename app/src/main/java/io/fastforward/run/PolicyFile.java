package io.fastforward.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.model.LayerSpec;
import io.fastforward.model.ModelSpec;
import io.fastforward.spi.Policy;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A policy as {@code policy.json}: for people to read and for {@code --policy} to use again.
 *
 * @param format always "fastforward-policy"
 * @param version of the format
 * @param sparsity what it removes of the decoder layers' linear parameters
 * @param layers what each layer retains
 */
record PolicyFile(String format, int version, double sparsity, List<Layer> layers) {

    private static final String FORMAT = "fastforward-policy";
    private static final int VERSION = 1;
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
            .build();

    /**
     * One layer.
     *
     * @param kvGroups retained KV groups
     * @param ofKvGroups of how many
     * @param mlpChannels retained MLP channels
     * @param ofMlpChannels of how many
     */
    record Layer(int kvGroups, int ofKvGroups, int mlpChannels, int ofMlpChannels) {}

    static byte[] bytes(Policy policy, ModelSpec spec, double sparsity) {
        List<Layer> layers = new ArrayList<>();
        for (int i = 0; i < policy.layers(); i++) {
            LayerSpec layer = spec.layers().get(i);
            layers.add(new Layer(
                    policy.attentionUnits(i),
                    layer.attention().groups(),
                    policy.channels(i),
                    layer.mlp().channels()));
        }
        PolicyFile contents = new PolicyFile(FORMAT, VERSION, sparsity, layers);
        try {
            return JSON.writerWithDefaultPrettyPrinter()
                    .writeValueAsString(contents)
                    .getBytes(StandardCharsets.UTF_8);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a policy must be writable as JSON", e);
        }
    }

    /**
     * Reads a policy for a model.
     *
     * @throws Failure if the file is missing or malformed, or the policy is of a model with other layers
     */
    static Policy read(Path file, ModelSpec spec) {
        PolicyFile contents = parse(file);
        if (!FORMAT.equals(contents.format()) || contents.version() != VERSION) {
            throw bad(file, "has another format or version; expected " + FORMAT + " " + VERSION, null);
        }
        List<Integer> retained = new ArrayList<>();
        for (int i = 0; i < contents.layers().size(); i++) {
            Layer layer = contents.layers().get(i);
            if (i < spec.layers().size()) {
                LayerSpec own = spec.layers().get(i);
                if (layer.ofKvGroups() != own.attention().groups()
                        || layer.ofMlpChannels() != own.mlp().channels()) {
                    throw bad(
                            file,
                            "is for another model: layer " + i + " has " + layer.ofKvGroups() + " KV groups and "
                                    + layer.ofMlpChannels() + " MLP channels there, here "
                                    + own.attention().groups() + " and "
                                    + own.mlp().channels(),
                            null);
                }
            }
            retained.add(layer.kvGroups());
            retained.add(layer.mlpChannels());
        }
        try {
            Policy policy = new Policy(retained);
            spec.pruned(policy);
            return policy;
        } catch (IllegalArgumentException e) {
            throw bad(file, "does not fit the model: " + e.getMessage(), e);
        }
    }

    private static PolicyFile parse(Path file) {
        try {
            PolicyFile contents = JSON.readValue(Files.readAllBytes(file), PolicyFile.class);
            if (contents == null || contents.layers().contains(null)) {
                throw bad(
                        file, "is not a policy.json as FastForward writes it: null stands for a policy or layer", null);
            }
            return contents;
        } catch (JsonProcessingException e) {
            String reason = e.getOriginalMessage().lines().findFirst().orElse("");
            throw bad(file, "is not a policy.json as FastForward writes it: " + reason, e);
        } catch (NoSuchFileException e) {
            throw new Failure(FailureKind.NOT_FOUND, "the policy file " + file + " does not exist", e);
        } catch (IOException e) {
            throw new Failure(
                    FailureKind.NOT_FOUND, "the policy file " + file + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static Failure bad(Path file, String problem, @Nullable Throwable cause) {
        return new Failure(FailureKind.BAD_RECORD, "the policy file " + file + " " + problem, cause);
    }
}
