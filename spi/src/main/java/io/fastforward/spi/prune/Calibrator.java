package io.fastforward.spi.prune;

import io.fastforward.spi.Options;
import io.fastforward.spi.Plugin;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.ModuleSpec;
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
     * Whether it looks at tokens batch by batch, beside the sums that it wishes for; then the dense stream waits before the
     * module until it is repaired, which costs another computation of the features.
     */
    default boolean iterates() {
        return false;
    }

    /**
     * Most bytes of scratch memory that it takes for a module, beside what was measured: a run is planned with it.
     *
     * @param module a module with all units, of which any number may be kept
     * @return by default those of a factor and right-hand sides of equations for the output map, in double precision
     */
    default long scratchBytes(ModuleSpec module) {
        long features = module.features(module.units());
        return (features * features + features * module.hiddenSize()) * Double.BYTES;
    }

    /**
     * About how many multiply-adds in double precision a repair takes, beside what is measured: how long a run takes is
     * estimated with it. Those of a factor, which is slower than products, count twice.
     *
     * @param module a module with all units
     * @param kept how many leading units are kept, at least 1
     * @param tokens that it is calibrated on, for those that look at them
     * @return by default those of a factor and right-hand sides of equations for the output map, if it wishes for a Gram
     *     matrix, else none
     */
    default double multiplyAdds(ModuleSpec module, int kept, long tokens) {
        if (wishes().stream().noneMatch(wish -> wish.moment() == Moment.GRAM)) {
            return 0;
        }
        double features = module.features(module.units());
        double left = module.features(kept);
        return left * left * left / 3 + module.hiddenSize() * left * (features + 2 * left);
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
