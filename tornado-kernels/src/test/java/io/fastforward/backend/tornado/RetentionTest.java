package io.fastforward.backend.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.spi.backend.BatchShape;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.NormWeights;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/** A candidate is only different sizes: whatever is retained, in whichever module, nothing compiles again. */
@EnabledIf("io.fastforward.backend.tornado.SdkProvider#isPresent")
class RetentionTest {

    private static final int HIDDEN = 24;
    private static final int CHANNELS = 96;

    @Test
    void aChangedRetentionDoesNotCompileAgain() {
        try (Arena arena = Arena.ofConfined();
                TornadoBackend backend = new SdkProvider().open(1);
                LoadedModule first = backend.load(spec(), weights(arena));
                LoadedModule second = backend.load(spec(), weights(arena));
                DeviceMatrix hidden = backend.allocate(40, HIDDEN);
                DeviceMatrix features = backend.allocate(40, CHANNELS)) {
            // Rows enough for tensor cores, if they serve, and too few.
            backend.apply(first, CHANNELS, new BatchShape(2, 20), hidden, features);
            backend.apply(first, CHANNELS, new BatchShape(1, 7), hidden, features);
            int compilations = backend.compilations();
            assertThat(compilations).isPositive();
            for (int units : new int[] {1, 95, 33, 64, 17, CHANNELS}) {
                backend.apply(first, units, new BatchShape(1, 7), hidden, features);
                backend.apply(second, units, new BatchShape(3, 11), hidden, features);
            }
            assertThat(backend.compilations()).isEqualTo(compilations);
        }
    }

    private static MlpSpec spec() {
        return new MlpSpec(
                new Normalization(Normalization.Kind.RMS, 1e-5), HIDDEN, CHANNELS, true, Activation.SILU, false, false);
    }

    private static ModuleWeights weights(Arena arena) {
        return ModuleWeights.ofMlp(
                new NormWeights(Matrix.allocate(arena, DataType.F32, 1, HIDDEN), null),
                Linear.of(Matrix.allocate(arena, DataType.BF16, CHANNELS, HIDDEN)),
                Linear.of(Matrix.allocate(arena, DataType.BF16, CHANNELS, HIDDEN)),
                Linear.of(Matrix.allocate(arena, DataType.BF16, HIDDEN, CHANNELS)));
    }
}
