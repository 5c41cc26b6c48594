package io.fastforward.sparsifiers;

import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.OptionSpec.Range;
import io.fastforward.spi.Options;
import io.fastforward.spi.measure.HiddenStream;
import io.fastforward.spi.measure.MapView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Tap;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.prune.Sparsifier;
import io.fastforward.spi.prune.Workbench;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Set;

/**
 * SparseGPT (Frantar, Alistarh: SparseGPT: Massive Language Models Can Be Accurately Pruned in One-Shot, ICML 2023): weights
 * are removed column by column, and the later ones of the row make up for each. For a share, the weights of lowest w² ÷ U_jj²
 * in blocks of columns go; of groups, those of every group when its first column is reached.
 *
 * <p>Scratch memory: one matrix of the Gram matrix's size, and three of the weights', in double precision.
 */
public final class SparseGpt implements Sparsifier {

    static final OptionSpec DAMPING = OptionSpec.number(
            "damping", "what is added to the Gram matrix, relative to its mean diagonal", 0.01, Range.atLeast(0));
    static final OptionSpec BLOCK = OptionSpec.wholeNumber(
            "block", "columns whose zeros are chosen together, for a share", 128, Range.between(1, 65536));

    private final BrainSurgeon surgeon;

    SparseGpt(BrainSurgeon surgeon) {
        this.surgeon = surgeon;
    }

    /** Finds it by its name. */
    public static final class Provider implements Sparsifier.Provider {

        @Override
        public String id() {
            return "sparsegpt";
        }

        @Override
        public String description() {
            return "weights go column by column, and the later ones make up for them (Frantar and Alistarh, 2023)";
        }

        @Override
        public List<OptionSpec> options() {
            return List.of(DAMPING, BLOCK);
        }

        @Override
        public Sparsifier create(Options options) {
            return new SparseGpt(new BrainSurgeon(options.number(DAMPING.name()), options.wholeNumber(BLOCK.name())));
        }
    }

    @Override
    public Set<Wish> wishes(Tap tap) {
        return Set.of(new Wish(tap, Moment.GRAM, HiddenStream.OWN));
    }

    @Override
    public boolean repairs() {
        return true;
    }

    @Override
    public Linear sparsify(MapView map, Pattern pattern, Workbench workbench) {
        pattern.requireFits(map.map().weight().columns());
        try (Arena scratch = Arena.ofShared()) {
            DoubleMatrix weights = Weights.of(map, scratch);
            DoubleMatrix gram = Problem.finite(map, Moment.GRAM, HiddenStream.OWN);
            surgeon.prune(gram, weights, pattern, map.place(), workbench.algebra());
            return Weights.replaced(map, weights, workbench.arena());
        }
    }
}
