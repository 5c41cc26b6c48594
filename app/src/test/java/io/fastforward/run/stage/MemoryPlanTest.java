package io.fastforward.run.stage;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.model.Model;
import io.fastforward.prune.CalibrationTarget;
import io.fastforward.prune.LayerInput;
import io.fastforward.prune.ModulePatterns;
import io.fastforward.prune.PruningPass;
import io.fastforward.prune.Sparsification;
import io.fastforward.settings.PruneSettings;
import io.fastforward.settings.WindowSettings;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.testing.DefaultPlugins;
import io.fastforward.testing.DemoModel;
import io.fastforward.testing.Failures;
import java.lang.reflect.Proxy;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class MemoryPlanTest {

    private static final int LENGTH = 8;
    private static final long GIB = 1L << 30;
    private static final ComputeBackend SINGLE = backend(Float.BYTES, Long.MAX_VALUE);
    private static final ComputeBackend BFLOAT16 = backend(Short.BYTES, Long.MAX_VALUE);

    private final ModelSpec spec;

    MemoryPlanTest() {
        try (Model model = Model.open(DemoModel.directory())) {
            spec = model.spec();
        }
    }

    private static ComputeBackend backend(int bytesPerWeight, long weightBytes) {
        return (ComputeBackend) Proxy.newProxyInstance(
                MemoryPlanTest.class.getClassLoader(),
                new Class<?>[] {ComputeBackend.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "bytesPerWeight" -> bytesPerWeight;
                    case "weightBytes" -> weightBytes;
                    case "computesInHostMemory" -> true;
                    default -> throw new UnsupportedOperationException(method.getName());
                });
    }

    private MemoryPlan plan(long limit, ComputeBackend evaluating, boolean everything) {
        var repair = new PruningPass.Repair(DefaultPlugins.calibrator("none"), CalibrationTarget.PREFIX, null);
        return MemoryPlan.of(
                spec,
                Float.BYTES,
                PruneSettings.DEFAULT,
                LENGTH,
                Set.of(),
                false,
                repair,
                limit,
                evaluating,
                everything);
    }

    @Test
    void whatFitsInBfloat16AloneStaysLoadedInIt() {
        long limit = LongStream.iterate(1 << 20, bytes -> bytes + (1 << 20))
                        .filter(bytes -> plan(bytes, SINGLE, true).residentSearch())
                        .findFirst()
                        .orElseThrow()
                - (1 << 20);
        assertThat(plan(limit, SINGLE, true).residentSearch()).isFalse();
        MemoryPlan plan = plan(limit, BFLOAT16, false);
        assertThat(plan.residentSearch()).isTrue();
        assertThat(plan.resident()).as("in single precision").isFalse();
        assertThat(plan.ofCandidates().resident()).isTrue();
        assertThat(plan.searchBytes()).isBetween(2 * spec.decoderParameters(), limit);
    }

    @Test
    void weightsAreNotKeptTwice() {
        long limit = 100 * spec.decoderParameters();
        MemoryPlan single = plan(limit, SINGLE, true);
        assertThat(single.resident()).isTrue();
        MemoryPlan both = plan(limit, BFLOAT16, false);
        assertThat(both.resident()).isFalse();
        assertThat(single.searchBytes() - both.searchBytes()).isEqualTo(2 * spec.decoderParameters());
    }

    @Test
    void aDeviceWithoutRoomGetsLayersInTurn() {
        long limit = 100 * spec.decoderParameters();
        ComputeBackend small = backend(Short.BYTES, 2 * spec.decoderParameters() - 1);
        assertThat(plan(limit, small, false).residentSearch()).isFalse();
        ComputeBackend large = backend(Short.BYTES, 2 * spec.decoderParameters());
        assertThat(plan(limit, large, false).residentSearch()).isTrue();
    }

    /** LLaMA-2-70B's shape: one Gram matrix takes 6.1 GiB, and the default repair needs two, and another as a factor. */
    private static ModelSpec large() {
        Normalization norm = new Normalization(Normalization.Kind.RMS, 1e-5);
        AttentionSpec attention = new AttentionSpec(norm, 8192, 128, 8, 8, null, 0, false, false);
        MlpSpec mlp = new MlpSpec(norm, 8192, 28672, true, Activation.SILU, false, false);
        ModelSpec demo;
        try (Model model = Model.open(DemoModel.directory())) {
            demo = model.spec();
        }
        List<LayerSpec> layers = Collections.nCopies(80, new LayerSpec(attention, mlp));
        return new ModelSpec("llama", demo.names(), 8192, 8192, 32000, 4096, null, layers, norm, false);
    }

    private static MemoryPlan plan(ModelSpec spec, long limit) {
        var repair = new PruningPass.Repair(DefaultPlugins.calibrator("ridge"), CalibrationTarget.RESIDUAL, null);
        Set<Wish> wishes = DefaultPlugins.criterion("wanda").wishes();
        return MemoryPlan.of(spec, Short.BYTES, PruneSettings.DEFAULT, 2048, wishes, true, repair, limit, SINGLE, true);
    }

    private static StageNeed sparsifying(String method, int layersAtOnce) {
        Sparsification sparsification = new Sparsification(
                DefaultPlugins.sparsifier(method),
                ModulePatterns.everywhere(Pattern.parse("0.5")),
                LayerInput.DENSE_MODEL,
                0);
        WindowSettings windows = PruneSettings.DEFAULT.windows();
        return MemoryPlan.sparsifying(large(), Short.BYTES, sparsification, windows, 2048, layersAtOnce, true);
    }

    /** A factor and three times the weights of the down map in double precision take 11.7 GiB, and a Gram matrix 6.1. */
    @Test
    void aModelOf70BillionParametersBecomesSparseWithItsSumsOnDisk() {
        StageNeed need = sparsifying("sparsegpt", 1);
        need.requireWithinLimit("sparsifying", 22 * GIB, "");
        assertThat(need.leastBytes()).isBetween(16 * GIB, 22 * GIB);
        assertThat(need.bytes()).isGreaterThan(24 * GIB);
        assertThat(need.spilledBytes(22 * GIB)).isPositive();
        assertThat(need.describe("sparsifying", 22 * GIB))
                .contains("for sparsifying; 22.0 GiB may be used", "go to disk");
        assertThat(sparsifying("wanda", 1).leastBytes()).isLessThan(16 * GIB);
        assertThat(sparsifying("sparsegpt", 2).bytes()).isGreaterThan(2 * need.bytes());
        assertThat(sparsifying("sparsegpt", 2).spilledBytes(22 * GIB)).isZero();
        Failures.expect(
                FailureKind.DEVICE,
                () -> need.requireWithinLimit("sparsifying", 16 * GIB, "wanda takes less"),
                "on disk",
                "sparsifying still needs",
                "wanda takes less");
    }

    @Test
    void aModelOf70BillionParametersFitsWhereItsSumsGoToDisk() {
        MemoryPlan plan = plan(large(), 24 * GIB);
        plan.requireWithinLimit();
        assertThat(plan.repair().bytes()).isGreaterThan(24 * GIB);
        assertThat(plan.repair().leastBytes()).isBetween(8 * GIB, 16 * GIB);
        // What does not fit whole goes to disk whole.
        assertThat(plan.spilledBytes())
                .isBetween(plan.repair().bytes() - 24 * GIB, plan.repair().bytes() - 16 * GIB);
        assertThat(plan.describe()).contains("go to disk");
        MemoryPlan roomy = plan(large(), 64 * GIB);
        assertThat(roomy.spilledBytes()).isZero();
        assertThat(roomy.describe()).doesNotContain("disk");
        Failures.expect(
                FailureKind.DEVICE,
                () -> plan(large(), 8 * GIB).requireWithinLimit(),
                "on disk",
                "calibration",
                "<compute.memory>");
    }
}
