package io.fastforward.export;

import com.fasterxml.jackson.databind.JsonNode;
import io.fastforward.model.Model;
import io.fastforward.nested.NestedModel;
import io.fastforward.nested.NestedOrder;
import io.fastforward.nested.UnitRanking;
import io.fastforward.prune.CalibrationTarget;
import io.fastforward.prune.LogitProbe;
import io.fastforward.prune.PrunedLayerSink;
import io.fastforward.prune.PruningPass;
import io.fastforward.prune.ScoringPass;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.format.WriteSettings;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.model.WeightSource;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.testing.Backends;
import io.fastforward.testing.DefaultPlugins;
import io.fastforward.testing.Golden;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/**
 * The tiny models of every family, pruned as the golden files say: by magnitude, to a given policy, without
 * calibration. PyTorch computed the same with masks; see scripts/golden/make_families.py.
 */
final class GoldenPruning {

    private static final TokenWindows NO_WINDOWS = new TokenWindows(2, 0, new int[0]);

    private final Model model;
    private final ModelSpec spec;
    private final Policy policy;
    private final NestedOrder order;

    private GoldenPruning(Model model, ModelSpec spec, Policy policy, NestedOrder order) {
        this.model = model;
        this.spec = spec;
        this.policy = policy;
        this.order = order;
    }

    /** Every family, by each of the units that it has a golden file for. */
    static Stream<Arguments> prunings() {
        return Stream.of(
                        Golden.families().map(family -> Arguments.of(family, AttentionUnit.KV_GROUP)),
                        grouped().map(family -> Arguments.of(family, AttentionUnit.QUERY_HEAD)),
                        Golden.families().map(family -> Arguments.of(family, AttentionUnit.VALUE_CHANNEL)))
                .flatMap(prunings -> prunings);
    }

    /** The families with several query heads a KV group. */
    static Stream<String> grouped() {
        return Golden.families()
                .filter(family -> Golden.read(family + "/pruned.json").has("queryHeads"));
    }

    /** What is expected of a pruned model. */
    static JsonNode expected(String family, AttentionUnit unit) {
        JsonNode golden = Golden.read(family + "/pruned.json");
        return switch (unit) {
            case KV_GROUP -> golden;
            case QUERY_HEAD -> golden.path("queryHeads");
            case VALUE_CHANNEL -> golden.path("valueChannels");
        };
    }

    /** The pruning of an open model. */
    static GoldenPruning of(ComputeBackend backend, Model model, String family, AttentionUnit unit) {
        ModelSpec spec = model.spec().withAttentionUnit(unit);
        WeightSource weights = new NestedModel(spec, model, NestedOrder.ofSource(spec));
        Criterion magnitude = DefaultPlugins.criterion("magnitude");
        UnitRanking ranking = new ScoringPass(
                        backend,
                        Backends.linearAlgebra(),
                        spec,
                        weights,
                        ScoringPass.Wanted.scores(magnitude, spec.densePolicy()))
                .run(model.ends(), NO_WINDOWS, (module, units, map) -> "", layers -> {});
        Policy policy =
                new Policy(Arrays.stream(Golden.ints(expected(family, unit).path("retained")))
                        .boxed()
                        .toList());
        return new GoldenPruning(model, spec, policy, ranking.order());
    }

    ModelSpec spec() {
        return spec;
    }

    Policy policy() {
        return policy;
    }

    WeightSource nested() {
        return new NestedModel(spec, model, order);
    }

    ModelSpec pruned() {
        return spec.pruned(policy).withAttentionUnit(AttentionUnit.KV_GROUP);
    }

    /** Writes the pruned model, and checks it against the one in memory; the relative difference of logits. */
    double write(ComputeBackend backend, HuggingFaceFormat format, Path output) {
        TokenWindows window = new TokenWindows(20, 1, tokens());
        CheckpointExport.Form settings = new CheckpointExport.Form(format, new WriteSettings(null, Long.MAX_VALUE));
        PruningPass.Repair none =
                new PruningPass.Repair(DefaultPlugins.calibrator("none"), CalibrationTarget.PREFIX, null);
        try (CheckpointExport export = CheckpointExport.begin(model, pruned(), output, settings);
                LogitProbe probe = new LogitProbe(backend, model, pruned(), null, List.of(window));
                Arena arena = Arena.ofShared()) {
            new PruningPass(
                            backend,
                            Backends.linearAlgebra(),
                            model.ends(),
                            new NestedModel(spec, model, order),
                            policy,
                            none)
                    .run(NO_WINDOWS, PrunedLayerSink.all(List.of(export, probe)), layers -> {});
            export.finish();
            double difference = ReloadCheck.run(format, backend, export.path(), window, probe.logits(arena));
            export.commit();
            return difference;
        }
    }

    private int[] tokens() {
        int[] tokens = new int[20];
        Arrays.setAll(tokens, i -> i * 7 % model.spec().vocabularySize());
        return tokens;
    }
}
