package io.fastforward.plugin;

import io.fastforward.spi.Options;
import io.fastforward.spi.measure.MapView;
import io.fastforward.spi.measure.Tap;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapShape;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.prune.Sparsifier;
import io.fastforward.spi.prune.Workbench;
import java.util.Set;

/** A maker of sparsifiers whose maps are known to have the right shape, finite weights, and the zeros asked for. */
record CheckedSparsifierProvider(CalledPlugin called, Sparsifier.Provider plugin)
        implements CheckedPlugin, Sparsifier.Provider {

    @Override
    public Sparsifier create(Options options) {
        Sparsifier sparsifier = called.callWithOptions("creating a sparsifier", options, () -> plugin.create(options));
        return new Checked(called, sparsifier, wishes(sparsifier, Tap.INPUT), wishes(sparsifier, Tap.FEATURES));
    }

    private Set<Wish> wishes(Sparsifier sparsifier, Tap tap) {
        Set<Wish> wishes =
                called.call("telling what it wishes to know of " + tap, () -> Set.copyOf(sparsifier.wishes(tap)));
        wishes.stream().filter(wish -> wish.tap() != tap).findAny().ifPresent(other -> {
            throw called.failure("wishes to know the " + other + " of maps that see " + tap);
        });
        return wishes;
    }

    record Checked(CalledPlugin called, Sparsifier sparsifier, Set<Wish> ofInput, Set<Wish> ofFeatures)
            implements Sparsifier {

        @Override
        public Set<Wish> wishes(Tap tap) {
            return switch (tap) {
                case INPUT -> ofInput;
                case FEATURES -> ofFeatures;
                case RESIDUAL -> Set.of();
            };
        }

        @Override
        public boolean repairs() {
            return called.call("telling whether it repairs", sparsifier::repairs);
        }

        @Override
        public long scratchBytes(MapShape map) {
            return called.scratchBytes(() -> sparsifier.scratchBytes(map));
        }

        @Override
        public double multiplyAdds(MapShape map) {
            return called.multiplyAdds(() -> sparsifier.multiplyAdds(map));
        }

        @Override
        public Linear sparsify(MapView map, Pattern pattern, Workbench workbench) {
            EngineCalls engine = new EngineCalls();
            Workbench shown = new WatchedWorkbench(engine, workbench);
            Linear sparse = engine.within(
                    called,
                    "sparsifying " + map.place(),
                    () -> FiniteNumbers.areIn(map.map()) && FiniteNumbers.areIn(map.measured()),
                    () -> sparsifier.sparsify(map, pattern, shown));
            CheckedMaps.require(
                    called,
                    sparse,
                    map.map().weight().rows(),
                    map.map().weight().columns(),
                    map.map().bias() != null);
            // Reading also tells whether the memory is closed, or of a thread that is not this one.
            if (!called.call("giving its map", () -> FiniteNumbers.areIn(sparse))) {
                throw called.failure("gave weights that are NaN or infinite");
            }
            if (!pattern.holdsIn(sparse.weight())) {
                throw called.failure("gave a map with fewer zeros than " + pattern + " asks for, or in other places");
            }
            return sparse;
        }
    }
}
