package io.fastforward.prune;

import io.fastforward.forward.LayerWalk;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import java.lang.foreign.Arena;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the finished layers of a pass gave, kept for the case that the run is interrupted. A pass that goes on passes the kept
 * layers on as they were, without measuring or solving anything for them, and begins to work behind them; its result is the
 * same. Used by one thread.
 *
 * @param <T> what a layer gives beside maps
 */
public interface FinishedLayers<T> {

    /** The first layer that is kept. Those before it were done so quickly that they were not, and are done once more. */
    int first();

    /** The layer behind the last one that is kept; {@link #first} if none is. Does not change. */
    int end();

    /** Whether a layer is kept. */
    default boolean holds(int layer) {
        return layer >= first() && layer < end();
    }

    /** What a kept layer gave. */
    T outcome(int layer);

    /** The maps that a kept layer replaced, in the arena, as they were {@linkplain #add added}; read-only. */
    Map<MapRole, Linear> maps(int layer, Arena arena);

    /** Brings all streams of a walk behind the last kept layer. */
    void restore(LayerWalk walk);

    /**
     * A layer is finished; decides whether it is time to keep it. Nothing happens for layers that are done once more.
     *
     * @param maps that it replaced; read during the call
     * @param walk whose streams stand behind the layer; null if the pass has none to go on with
     */
    void add(int layer, T outcome, Map<MapRole, Linear> maps, @Nullable LayerWalk walk);

    /** Keeps nothing: for passes whose result is not written. */
    static <T> FinishedLayers<T> none() {
        return new FinishedLayers<>() {
            @Override
            public int first() {
                return 0;
            }

            @Override
            public int end() {
                return 0;
            }

            @Override
            public T outcome(int layer) {
                throw new IllegalArgumentException("layer " + layer + " is not kept");
            }

            @Override
            public Map<MapRole, Linear> maps(int layer, Arena arena) {
                throw new IllegalArgumentException("layer " + layer + " is not kept");
            }

            @Override
            public void restore(LayerWalk walk) {
                throw new IllegalStateException("no layer is kept");
            }

            @Override
            public void add(int layer, T outcome, Map<MapRole, Linear> maps, @Nullable LayerWalk walk) {
                // Nobody will ask.
            }
        };
    }
}
