package io.fastforward.sparsifiers;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.spi.Options;
import io.fastforward.spi.measure.MapView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.prune.Sparsifier;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testkit.PlainLinearAlgebra;
import io.fastforward.testkit.PlainWorkbench;
import io.fastforward.testkit.SparsifierContract;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class FistaRefitTest extends SparsifierContract {

    @Override
    protected Sparsifier.Provider provider() {
        return new FistaRefit.Provider();
    }

    /** With enough steps of conjugate gradients, what a row does otherwise is orthogonal to the inputs that it keeps. */
    @ParameterizedTest
    @ValueSource(strings = {"0.5", "2:4", "0.8"})
    void theErrorIsOrthogonalToTheInputsThatAreKept(String pattern) {
        MapView map = map(MapRole.UP, DataType.F32, 9, 20);
        Matrix sparse = sparsified(map, provider(), pattern, Map.of("refit", "200"));
        double largest = 0;
        for (int j = 0; j < 20; j++) {
            largest = Math.max(largest, map.moment(Moment.GRAM).get(j, j));
        }
        int kept = 0;
        for (int i = 0; i < 9; i++) {
            for (int j = 0; j < 20; j++) {
                if (sparse.get(i, j) != 0) {
                    kept++;
                    // Weights below 1 are rounded to single precision: twenty products of half a unit in the last
                    // place.
                    assertThat(Math.abs(Errors.gradient(map, sparse, i, j))).isLessThan(20 * 0x1p-25 * largest);
                }
            }
        }
        assertThat(kept).isEqualTo(180 - Pattern.parse(pattern).zerosInMap(9, 20));
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void itIsNeverWorseThanSparseGptWhereItStartsFrom(Sizes sizes) {
        MapView map = map(MapRole.UP, DataType.F32, sizes.rows(), sizes.columns());
        double started = Errors.squared(map, sparsified(map, new SparseGpt.Provider(), sizes.pattern(), Map.of()));
        assertThat(Errors.squared(map, sparsify(map, sizes.pattern()).weight()))
                .isLessThanOrEqualTo(started + 1e-5 * Math.abs(started));
    }

    @Test
    void roundsImproveOnTheRefittedStart() {
        MapView map = map(MapRole.UP, DataType.F32, 20, 64);
        double refitted = Errors.squared(map, sparsified(map, provider(), "0.7", Map.of("rounds", "0")));
        assertThat(Errors.squared(map, sparsify(map, "0.7").weight())).isLessThan(refitted);
    }

    private Matrix sparsified(MapView map, Sparsifier.Provider provider, String pattern, Map<String, String> given) {
        return provider.create(Options.of(provider.options(), given))
                .sparsify(map, Pattern.parse(pattern), new PlainWorkbench(new PlainLinearAlgebra(), arena, Map.of()))
                .weight();
    }
}
