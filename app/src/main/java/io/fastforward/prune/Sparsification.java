package io.fastforward.prune;

import io.fastforward.spi.measure.HiddenStream;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Tap;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.MapShape;
import io.fastforward.spi.prune.Sparsifier;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;

/**
 * How maps are sparsified.
 *
 * @param sparsifier who sets weights to zero
 * @param patterns where
 * @param layerInput what a layer is sparsified on, and is to reproduce the dense layer on
 * @param refitIterations steps by which the weights that are left are {@linkplain SupportRefit refitted} afterwards; 0: not
 *     at all
 */
public record Sparsification(
        Sparsifier sparsifier, ModulePatterns patterns, LayerInput layerInput, int refitIterations) {

    public Sparsification {
        if (refitIterations < 0) {
            throw new IllegalArgumentException(
                    "refit iterations must be a number of at least 0, but are " + refitIterations);
        }
    }

    /** What is measured where maps pass a tap. */
    public Set<Wish> wishes(Tap tap) {
        Set<Wish> wishes = new HashSet<>(sparsifier.wishes(tap));
        if (refitIterations > 0) {
            wishes.add(new Wish(tap, Moment.GRAM, HiddenStream.OWN));
            wishes.add(new Wish(tap, Moment.CROSS_GRAM, HiddenStream.DENSE));
        }
        return wishes;
    }

    /** Most bytes of scratch memory that a map takes, beside what was measured. */
    public long scratchBytes(MapShape map) {
        return Math.max(
                sparsifier.scratchBytes(map), refitIterations == 0 ? 0 : SupportRefit.scratchBytes(map.columns()));
    }

    /** About how many multiply-adds in double precision a map takes, beside what is measured. */
    public double multiplyAdds(MapShape map) {
        double product = (double) map.rows() * map.columns() * map.columns();
        return sparsifier.multiplyAdds(map) + (refitIterations == 0 ? 0 : (refitIterations + 2) * product);
    }

    /** The streams of hidden states that are needed: none if nothing is measured. */
    public Set<HiddenStream> streams() {
        if (taps().allMatch(tap -> wishes(tap).isEmpty())) {
            return EnumSet.noneOf(HiddenStream.class);
        }
        return layerInput == LayerInput.DENSE_MODEL ? EnumSet.allOf(HiddenStream.class) : streamsWithinLayer();
    }

    /** The streams within a layer that starts from a copy of its input: the dense one only where something of it is measured. */
    Set<HiddenStream> streamsWithinLayer() {
        return ofDenseStream() ? EnumSet.allOf(HiddenStream.class) : EnumSet.of(HiddenStream.OWN);
    }

    private boolean ofDenseStream() {
        return taps().flatMap(tap -> wishes(tap).stream()).anyMatch(wish -> wish.stream() == HiddenStream.DENSE);
    }

    /** Whether a layer can be sparsified before those in front of it are. */
    public boolean layersAreIndependent() {
        return !measures() || layerInput == LayerInput.DENSE_MODEL;
    }

    /** Whether anything is measured, so that text is looked at. */
    public boolean measures() {
        return !streams().isEmpty();
    }

    /** The taps at which maps are sparsified, in the order in which hidden states pass them. */
    public static Stream<Tap> taps() {
        return Stream.of(Tap.INPUT, Tap.FEATURES);
    }
}
