package io.fastforward.spi.prune;

import io.fastforward.spi.Options;
import io.fastforward.spi.Plugin;
import io.fastforward.spi.measure.MapView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.model.Linear;
import java.util.Set;

/**
 * Sets single weights of a map to zero; shapes stay. Stateless. Maps are sparsified in the order of the model, each on what
 * the already sparsified ones before it produce.
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

    /** The moments of a map's input that {@link #sparsify} reads; the engine measures these and no others. */
    Set<Moment> wishes();

    /** Whether the weights that are left change too, to make up for those that go. */
    default boolean repairs() {
        return false;
    }

    /**
     * The map with zeros.
     *
     * @param pattern where zeros have to be; there are as many as it asks for, and those that the map had before
     * @return the shape of the map, f32, finite, with a bias if and only if the map has one; owned by the workbench's arena
     * @throws IllegalArgumentException if the weights or what was measured hold NaN or infinity
     */
    Linear sparsify(MapView map, Pattern pattern, Workbench workbench);
}
