package io.fastforward.calibrators;

import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.OptionSpec.Range;
import io.fastforward.spi.Options;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.OutputMapCalibrator;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Set;

/**
 * Closed-form ridge regression, centred on the old weights (FastForward). With H = Σ x xᵀ, T = Σ y xᵀ, the kept
 * inputs K and the removed ones P, and R = Σ r xᵀ of what the output is to make up for besides, the repaired weights are
 *
 * <pre>  W′ = W_K + (W·T_K + R_K − W_K·H_KK) · (H_KK + λI)⁻¹</pre>
 *
 * which minimise Σ ‖W′ x_K − W y − r‖² + λ‖W′ − W_K‖². If the features are to be reproduced themselves (T = H, R = 0), the
 * bracket is W_P·H_PK.
 *
 * <p>λ = ridge × mean diagonal of H_KK, so that it depends on neither the number of tokens nor the scale of the
 * features. If H_KK + λI is not positive definite to working precision, λ is raised tenfold until it is.
 *
 * <p>The relative error is computed if T = H; for other targets Σ (W y + r)² would be needed, and it is NaN.
 *
 * <p>Scratch memory, off-heap: {@code kept²} doubles for a factor, and {@code inputs + 2 · kept} for each of 512 to 2048 rows of weights, as many
 * as have room in {@code inputs · (inputs + outputs)}: 1.3 GB for 11008 inputs and 4096 outputs.
 */
public final class Ridge extends OutputMapCalibrator {

    static final OptionSpec RIDGE =
            OptionSpec.number("ridge", "λ, relative to the mean square of the kept features", 1e-4, Range.atLeast(0));

    private final Regression regression;

    Ridge(double ridge) {
        this.regression = new Regression(ridge, Prior.KEPT_WEIGHTS);
    }

    /** Finds it by its name. */
    public static final class Provider implements Calibrator.Provider {

        @Override
        public String id() {
            return "ridge";
        }

        @Override
        public String description() {
            return "closed-form ridge regression, centred on the old weights (FastForward)";
        }

        @Override
        public List<OptionSpec> options() {
            return List.of(RIDGE);
        }

        @Override
        public Calibrator create(Options options) {
            return new Ridge(options.number(RIDGE.name()));
        }
    }

    @Override
    public Set<Wish> wishes() {
        return Set.of(GRAM, TARGET, RESIDUAL);
    }

    @Override
    protected Solution solve(Problem problem, LinearAlgebra algebra, Arena arena) {
        return regression.solve(problem, algebra, arena);
    }
}
