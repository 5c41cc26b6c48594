package io.fastforward.sparsifiers;

import io.fastforward.spi.Options;
import io.fastforward.spi.measure.MapView;
import io.fastforward.spi.measure.Tap;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.prune.Sparsifier;
import io.fastforward.spi.prune.Workbench;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.Arena;
import java.util.Set;

/**
 * Weight magnitude, the baseline that looks at no data: the smallest weights become zero (Han, Pool, Tran, Dally: Learning
 * both Weights and Connections for Efficient Neural Networks, NeurIPS 2015). For a share there is one threshold for a map.
 */
public final class Magnitude implements Sparsifier {

    /** Finds it by its name. */
    public static final class Provider implements Sparsifier.Provider {

        @Override
        public String id() {
            return "magnitude";
        }

        @Override
        public String description() {
            return "the smallest weights of every map become zero; needs no data (baseline)";
        }

        @Override
        public Sparsifier create(Options options) {
            return new Magnitude();
        }
    }

    @Override
    public Set<Wish> wishes(Tap tap) {
        return Set.of();
    }

    @Override
    public Linear sparsify(MapView map, Pattern pattern, Workbench workbench) {
        pattern.requireFits(map.map().weight().columns());
        try (Arena scratch = Arena.ofShared()) {
            DoubleMatrix weights = Weights.of(map, scratch);
            Mask.ofMap(weights.rows(), weights.columns(), pattern, Scores.magnitudes(weights))
                    .applyTo(weights);
            return Weights.replaced(map, weights, workbench.arena());
        }
    }
}
