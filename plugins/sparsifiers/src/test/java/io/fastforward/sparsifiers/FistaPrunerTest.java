package io.fastforward.sparsifiers;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.spi.Options;
import io.fastforward.spi.measure.MapView;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.prune.Sparsifier;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testkit.PlainLinearAlgebra;
import io.fastforward.testkit.PlainWorkbench;
import io.fastforward.testkit.SparsifierContract;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class FistaPrunerTest extends SparsifierContract {

    @Override
    protected Sparsifier.Provider provider() {
        return new FistaPruner.Provider();
    }

    /** The best rounded map is kept, and the warm start is among them. */
    @ParameterizedTest
    @MethodSource("sizes")
    void itIsNeverWorseThanSparseGptWhereItStartsFrom(Sizes sizes) {
        MapView map = map(MapRole.UP, DataType.F32, sizes.rows(), sizes.columns());
        double started = Errors.squared(map, sparsified(map, new SparseGpt.Provider(), sizes.pattern(), Map.of()));
        double found = Errors.squared(map, sparsify(map, sizes.pattern()).weight());
        // Both are rounded to single precision.
        assertThat(found).isLessThanOrEqualTo((1 + 1e-5) * started + 1e-9);
    }

    @ParameterizedTest
    @ValueSource(strings = {"sparsegpt", "wanda", "magnitude", "dense"})
    void everyStartIsImproved(String start) {
        MapView map = map(MapRole.MLP_OUTPUT, DataType.F32, 20, 64);
        double magnitude = Errors.squared(map, sparsified(map, new Magnitude.Provider(), "0.5", Map.of()));
        double found = Errors.squared(map, sparsified(map, provider(), "0.5", Map.of("start", start)));
        assertThat(found).isLessThan(0.9 * magnitude);
    }

    private Matrix sparsified(MapView map, Sparsifier.Provider provider, String pattern, Map<String, String> given) {
        return provider.create(Options.of(provider.options(), given))
                .sparsify(map, Pattern.parse(pattern), new PlainWorkbench(new PlainLinearAlgebra(), arena, Map.of()))
                .weight();
    }
}
