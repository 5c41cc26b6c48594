package io.fastforward.spi.prune;

import io.fastforward.spi.Options;
import io.fastforward.spi.Plugin;
import io.fastforward.spi.measure.MapView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Tap;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapShape;
import java.util.Set;

/**
 * Sets single weights of a map to zero; shapes stay. Stateless, so that several threads may call it at once, each with a map and a
 * workbench of its own. The maps of a layer are sparsified in the order of the model, each on what the already sparsified ones
 * before it produce.
 */
public interface Sparsifier {

    /** Makes sparsifiers of one kind. */
    interface Provider extends Plugin {

        /**
         * A sparsifier.
         *
         * @throws IllegalArgumentException if options do not go together; the message names them
         */
        Sparsifier create(Options options);
    }

    /**
     * What {@link #sparsify} reads of the maps that see a tap; the engine measures this and nothing else.
     *
     * @param tap {@link Tap#INPUT} or {@link Tap#FEATURES}
     * @return wishes for that tap; of the dense stream it is what the dense layer makes of the layer's input
     */
    Set<Wish> wishes(Tap tap);

    /** Whether the weights that are left change too, to make up for those that go. */
    default boolean repairs() {
        return false;
    }

    /**
     * Most bytes of scratch memory that it takes for a map, beside what was measured: a run is planned with it.
     *
     * @param map which may be of any module
     * @return by default those of a factor and three times the weights in double precision, if it wishes for a Gram matrix, else
     *     of the weights once
     */
    default long scratchBytes(MapShape map) {
        long weights = (long) map.rows() * map.columns();
        return (readsGram(map) ? (long) map.columns() * map.columns() + 3 * weights : weights) * Double.BYTES;
    }

    /**
     * About how many multiply-adds in double precision a map takes, beside what is measured: how long a run takes is estimated
     * with it. Those of a factor, which is slower than products, count twice.
     *
     * @return by default those of a factor and of as many solutions as the map has rows, if it wishes for a Gram matrix, else none
     */
    default double multiplyAdds(MapShape map) {
        double squared = (double) map.columns() * map.columns();
        return readsGram(map) ? squared * (map.columns() / 3.0 + map.rows()) : 0;
    }

    private boolean readsGram(MapShape map) {
        return wishes(MapView.tap(map.role())).stream().anyMatch(wish -> wish.moment() == Moment.GRAM);
    }

    /**
     * The map with zeros.
     *
     * @param pattern where zeros have to be; there are as many as it asks for, and those that the map had before. Of a
     *     share, as many as {@link Pattern#zerosInMap} says at most, where the map is looked at as a whole
     * @return the shape of the map, f32, finite, with a bias if and only if the map has one; owned by the workbench's arena
     * @throws IllegalArgumentException if the weights or what was measured hold NaN or infinity
     */
    Linear sparsify(MapView map, Pattern pattern, Workbench workbench);
}
