package io.fastforward.run.stage;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.model.Model;
import io.fastforward.prune.CalibrationTarget;
import io.fastforward.prune.PruningPass;
import io.fastforward.settings.PruneSettings;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.testing.DefaultPlugins;
import io.fastforward.testing.DemoModel;
import java.lang.reflect.Proxy;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class MemoryPlanTest {

    private static final int LENGTH = 8;
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
                    default -> throw new UnsupportedOperationException(method.getName());
                });
    }

    private MemoryPlan plan(long limit, ComputeBackend evaluating, boolean everything) {
        var repair = new PruningPass.Repair(DefaultPlugins.calibrator("none"), CalibrationTarget.PREFIX, null);
        return MemoryPlan.of(
                spec, PruneSettings.DEFAULT, LENGTH, Set.of(), false, repair, limit, evaluating, everything);
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
}
