package io.fastforward.spi.prune;

import io.fastforward.spi.Options;
import io.fastforward.spi.Plugin;
import io.fastforward.spi.measure.MapView;
import io.fastforward.spi.measure.Tap;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.Linear;
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
     * The map with zeros.
     *
     * @param pattern where zeros have to be; there are as many as it asks for, and those that the map had before. Of a
     *     share, as many as {@link Pattern#zerosInMap} says at most, where the map is looked at as a whole
     * @return the shape of the map, f32, finite, with a bias if and only if the map has one; owned by the workbench's arena
     * @throws IllegalArgumentException if the weights or what was measured hold NaN or infinity
     */
    Linear sparsify(MapView map, Pattern pattern, Workbench workbench);
}
