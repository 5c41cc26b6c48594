package io.fastforward.sparsifiers;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.spi.measure.MapView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.prune.Sparsifier;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testkit.SparsifierContract;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

class WandaTest extends SparsifierContract {

    @Override
    protected Sparsifier.Provider provider() {
        return new Wanda.Provider();
    }

    /** A small weight on a loud input stays, a large one on a silent input goes. */
    @Test
    void whatCountsIsTheWeightTimesTheNormOfItsInput() {
        MapView map = map(MapRole.MLP_OUTPUT, DataType.F32, 1, 4);
        float[] weights = {1, -8, 2, 3};
        double[] norms = {9, 1, 0, 3}; // hence scores of 9, 8, 0, 9
        DoubleMatrix squareSums = map.moment(Moment.SQUARE_SUMS);
        for (int j = 0; j < 4; j++) {
            map.map().weight().set(0, j, weights[j]);
            squareSums.set(0, j, norms[j] * norms[j]);
        }
        Matrix sparse = sparsify(map, "0.5").weight();
        assertThat(new float[] {sparse.get(0, 0), sparse.get(0, 1), sparse.get(0, 2), sparse.get(0, 3)})
                .containsExactly(1, 0, 0, 3);
    }

    @Test
    void allSparsifiersAreFoundAsServices() {
        assertThat(ServiceLoader.load(Sparsifier.Provider.class))
                .extracting(Sparsifier.Provider::id)
                .containsExactly("wanda", "magnitude", "sparsegpt", "fista", "fista-refit");
    }
}
