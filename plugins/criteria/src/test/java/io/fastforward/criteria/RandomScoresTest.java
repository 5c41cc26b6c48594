package io.fastforward.criteria;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.spi.measure.Measured;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.testkit.CriterionContract;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RandomScoresTest extends CriterionContract {

    @Override
    protected Criterion.Provider provider() {
        return new RandomScores.Provider();
    }

    @Override
    protected boolean looksAtWeights() {
        return false;
    }

    @Test
    void everySeedAndPlaceHasScoresOfItsOwn() {
        Set<Double> seen = new HashSet<>();
        ModuleView mlp = module(mlp(3, 5), DataType.F32);
        ModuleView attention = module(attention(3, 1, 1, 5), DataType.F32);
        for (String seed : new String[] {"-1", "0", "1", "2"}) {
            for (int layer = 0; layer < 4; layer++) {
                for (ModuleView module : new ModuleView[] {mlp, attention}) {
                    ModuleView there = new ModuleView(layer, module.spec(), module.weights(), Measured.NOTHING);
                    for (double score : score(criterion(Map.of("seed", seed)), there, 1)) {
                        assertThat(score).isBetween(0.0, 1.0);
                        seen.add(score);
                    }
                }
            }
        }
        assertThat(seen).hasSize(4 * 4 * 2 * 5);
    }
}
