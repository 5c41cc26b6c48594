package io.fastforward.sparsifiers;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.spi.measure.MapView;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.prune.Sparsifier;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testkit.SparsifierContract;
import org.junit.jupiter.api.Test;

class MagnitudeTest extends SparsifierContract {

    @Override
    protected Sparsifier.Provider provider() {
        return new Magnitude.Provider();
    }

    @Test
    void theSmallestWeightsOfTheMapGoAndOfEqualOnesTheFirst() {
        MapView map = map(MapRole.UP, DataType.F32, 2, 4);
        float[][] numbers = {{3, -1, 2, -4}, {5, 5, -5, 5}};
        for (int i = 0; i < 2; i++) {
            for (int j = 0; j < 4; j++) {
                map.map().weight().set(i, j, numbers[i][j]);
            }
        }
        assertRows(sparsify(map, "0.5"), new float[][] {{0, 0, 0, 0}, {5, 5, -5, 5}});
        assertRows(sparsify(map, "0.7"), new float[][] {{0, 0, 0, 0}, {0, 5, -5, 5}});
        assertRows(sparsify(map, "1:2"), new float[][] {{3, 0, 0, -4}, {0, 5, 0, 5}});
    }

    private static void assertRows(Linear map, float[][] expected) {
        Matrix weight = map.weight();
        for (int i = 0; i < expected.length; i++) {
            for (int j = 0; j < expected[i].length; j++) {
                assertThat(weight.get(i, j)).isEqualTo(expected[i][j]);
            }
        }
    }
}
