package io.fastforward.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.spi.Options;
import io.fastforward.spi.measure.MapView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Tap;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.prune.Sparsifier;
import io.fastforward.spi.prune.Workbench;
import io.fastforward.testing.Failures;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CheckedSparsifierTest {

    private static final Wish INPUT = Wish.input(Moment.GRAM);
    private static final Wish FEATURES = Wish.features(Moment.GRAM);

    @Test
    void wishesAreForTheTapThatWasAskedFor() {
        Sparsifier checked = create(Map.of(Tap.INPUT, Set.of(INPUT), Tap.FEATURES, Set.of(FEATURES)));
        assertThat(checked.wishes(Tap.INPUT)).containsExactly(INPUT);
        assertThat(checked.wishes(Tap.FEATURES)).containsExactly(FEATURES);
        Failures.expect(
                FailureKind.PLUGIN,
                () -> create(Map.of(Tap.INPUT, Set.of(INPUT), Tap.FEATURES, Set.of(INPUT))),
                "sparsifier 'wishing'",
                "Gram matrix of the input",
                "FEATURES");
    }

    private static Sparsifier create(Map<Tap, Set<Wish>> wishes) {
        var called = new CalledPlugin("sparsifier", "wishing", "here", true, "wishes", List.of());
        return new CheckedSparsifierProvider(called, new Wishing(wishes)).create(Options.of(List.of(), Map.of()));
    }

    private record Wishing(Map<Tap, Set<Wish>> wishes) implements Sparsifier.Provider, Sparsifier {

        @Override
        public String id() {
            return "wishing";
        }

        @Override
        public String description() {
            return "wishes";
        }

        @Override
        public Sparsifier create(Options options) {
            return this;
        }

        @Override
        public Set<Wish> wishes(Tap tap) {
            return wishes.getOrDefault(tap, Set.of());
        }

        @Override
        public Linear sparsify(MapView map, Pattern pattern, Workbench workbench) {
            return map.map();
        }
    }
}
