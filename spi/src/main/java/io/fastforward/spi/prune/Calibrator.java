package io.fastforward.spi.prune;

import io.fastforward.spi.Options;
import io.fastforward.spi.Plugin;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Repairs the weights that a module keeps when some of its units are removed. Stateless; no training. One that touches
 * the output map alone is an {@link OutputMapCalibrator}.
 */
public interface Calibrator {

    /** Makes calibrators of one kind. */
    interface Provider extends Plugin {

        /**
         * A calibrator.
         *
         * @throws IllegalArgumentException if options do not go together; the message names them
         */
        Calibrator create(Options options);
    }

    /** What {@link #repair} reads; the engine measures it and nothing else. If it is nothing, no text is looked at. */
    Set<Wish> wishes();

    /** Whether it changes the bias of the output map, so that it serves modules alone that have one. */
    default boolean changesBias() {
        return false;
    }

    /**
     * What becomes of a module.
     *
     * @param replaced the maps that change, in the shapes that they have with the kept units, in nested order: f32,
     *     finite, with a bias if and only if the map had one. The others are cut.
     * @param relativeError ‖changed output − wanted output‖² ÷ ‖wanted output‖² over the calibration tokens; NaN if it
     *     was not computed
     * @param ridge the λ that was used, in the units of a Gram matrix's diagonal; 0 if there was none
     * @param remark one line for the user if something was out of the ordinary, else null
     */
    record Repair(
            Map<MapRole, Linear> replaced,
            double relativeError,
            double ridge,
            @Nullable String remark) {

        public Repair {
            replaced = Map.copyOf(replaced);
        }
    }

    /**
     * Repairs a module.
     *
     * @param module the module with all units in nested order: the kept ones come first. Measured are the features of
     *     all units, on the hidden states that the repaired module will see, and the dense model's beside them
     * @param kept how many leading units are kept, from 1 to all
     * @param workbench what it may work with
     * @throws IllegalArgumentException if what was measured holds NaN or infinity
     */
    Repair repair(ModuleView module, int kept, Workbench workbench);
}
