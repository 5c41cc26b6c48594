package io.fastforward.record;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.failure.Reason;
import io.fastforward.failure.Setting;
import io.fastforward.json.StrictJson;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import java.io.IOException;
import java.io.InputStream;
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
 * @param attentionUnit what a unit of attention is: "kv-group", or "query-head" or "value-channel" of every KV group
 * @param sparsity what it removes of the decoder layers' linear parameters
 * @param layers what each layer retains
 */
public record PolicyFile(String format, int version, String attentionUnit, double sparsity, List<Layer> layers) {

    private static final String FORMAT = "fastforward-policy";
    private static final int VERSION = 2;

    /** A policy of a thousand layers has some 150 kB. */
    private static final int LARGEST = 16 << 20;

    /**
     * One layer.
     *
     * @param attentionUnits retained units of attention
     * @param ofAttentionUnits of how many
     * @param mlpChannels retained MLP channels
     * @param ofMlpChannels of how many
     */
    public record Layer(int attentionUnits, int ofAttentionUnits, int mlpChannels, int ofMlpChannels) {}

    public static byte[] bytes(Policy policy, ModelSpec spec, double sparsity) {
        List<Layer> layers = new ArrayList<>();
        for (int i = 0; i < policy.layers(); i++) {
            LayerSpec layer = spec.layers().get(i);
            layers.add(new Layer(
                    policy.attentionUnits(i),
                    layer.attention().units(),
                    policy.channels(i),
                    layer.mlp().channels()));
        }
        PolicyFile contents = new PolicyFile(FORMAT, VERSION, unit(spec), sparsity, layers);
        return StrictJson.pretty(contents).getBytes(StandardCharsets.UTF_8);
    }

    private static String unit(ModelSpec spec) {
        return switch (spec.layers().getFirst().attention().unit()) {
            case KV_GROUP -> "kv-group";
            case QUERY_HEAD -> "query-head";
            case VALUE_CHANNEL -> "value-channel";
        };
    }

    /**
     * Reads a policy for a model.
     *
     * @param spec with the units that the policy must be about
     * @throws Failure if the file is missing or malformed, or the policy is of a model with other layers
     */
    public static Policy read(Path file, ModelSpec spec) {
        PolicyFile contents = parse(file);
        if (!FORMAT.equals(contents.format()) || contents.version() != VERSION) {
            throw bad(file, "has another format or version; expected " + FORMAT + " " + VERSION, null);
        }
        if (!contents.attentionUnit().equals(unit(spec))) {
            throw bad(
                    file,
                    "is about units of attention that are a " + OneLine.of(contents.attentionUnit())
                            + ", here they are a " + unit(spec) + "; give the "
                            + Setting.ATTENTION + " that it was made with",
                    null);
        }
        List<Integer> retained = new ArrayList<>();
        for (int i = 0; i < contents.layers().size(); i++) {
            Layer layer = contents.layers().get(i);
            if (i < spec.layers().size()) {
                LayerSpec own = spec.layers().get(i);
                if (layer.ofAttentionUnits() != own.attention().units()
                        || layer.ofMlpChannels() != own.mlp().channels()) {
                    throw bad(
                            file,
                            "is for another model: layer " + i + " has " + layer.ofAttentionUnits()
                                    + " units of attention and "
                                    + layer.ofMlpChannels() + " MLP channels there, here "
                                    + own.attention().units() + " and "
                                    + own.mlp().channels(),
                            null);
                }
            }
            retained.add(layer.attentionUnits());
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
        if (Files.exists(file) && !Files.isRegularFile(file)) { // a pipe has nothing left for its hash
            throw FailureKind.NOT_FOUND.failure(
                    "the policy file " + file + " cannot be read: it is a directory or a pipe; give a file");
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(LARGEST + 1);
            if (bytes.length > LARGEST) {
                throw bad(
                        file,
                        "is not a policy.json as FastForward writes it: it has more than " + LARGEST + " bytes",
                        null);
            }
            return StrictJson.read(bytes, PolicyFile.class);
        } catch (JsonProcessingException e) {
            String reason = OneLine.of(e.getOriginalMessage());
            throw bad(file, "is not a policy.json as FastForward writes it: " + reason, e);
        } catch (NoSuchFileException e) {
            throw FailureKind.NOT_FOUND.failure("the policy file " + file + " does not exist", e);
        } catch (IOException e) {
            throw FailureKind.NOT_FOUND.failure("the policy file " + file + " cannot be read: " + Reason.of(e), e);
        }
    }

    private static Failure bad(Path file, String problem, @Nullable Throwable cause) {
        return FailureKind.BAD_RECORD.failure("the policy file " + file + " " + problem, cause);
    }
}
