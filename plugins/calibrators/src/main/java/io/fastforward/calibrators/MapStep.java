package io.fastforward.calibrators;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.Arena;

/**
 * The change Δ of a map that makes features, for which the output comes closest to what is wanted, to first order: with the
 * slopes s of the features, what the output lacks, r = wanted − W_down z, and the tokens x, it minimises
 *
 * <pre>  F(Δ) = Σ ‖W_down (s ∘ Δx) − r‖² + μ‖Δ‖²</pre>
 *
 * by conjugate gradients, from Δ = 0. Each of them passes over the tokens once: the matrix of the equations has
 * {@code (inputs · channels)²} numbers, and is never there. The preconditioner is its diagonal, P_ji = Σ s_j² x_i² · ‖W_down,j‖²,
 * with μ; μ is relative to the mean of P. Nothing is divided by the slopes, as target activations would have to be: small
 * ones would make that explode.
 *
 * <p>Everything here is transposed, {@code inputs × channels}, as the maps are held. Beside the result there are five matrices of
 * that size.
 */
final class MapStep {

    /** μ, relative to the mean diagonal of the equations. */
    private static final double PENALTY = 1e-3;

    private final MapRole role;
    private final MlpMaps maps;
    private final TokenBlocks tokens;
    private final LinearAlgebra algebra;
    private final int inputs;
    private final int channels;
    private final DoubleMatrix step;
    private final DoubleMatrix gradient;
    private final DoubleMatrix diagonal;
    private final DoubleMatrix product;
    private final DoubleMatrix inputsTransposed;
    private final DoubleMatrix moved;
    private double error;

    private MapStep(MapRole role, MlpMaps maps, TokenBlocks tokens, LinearAlgebra algebra, Arena scratch) {
        this.role = role;
        this.maps = maps;
        this.tokens = tokens;
        this.algebra = algebra;
        this.inputs = MlpMaps.inputs(maps.spec());
        this.channels = maps.spec().channels();
        this.step = DoubleMatrix.allocate(scratch, inputs, channels);
        this.gradient = DoubleMatrix.allocate(scratch, inputs, channels);
        this.diagonal = DoubleMatrix.allocate(scratch, inputs, channels);
        this.product = DoubleMatrix.allocate(scratch, inputs, channels);
        this.inputsTransposed = DoubleMatrix.allocate(scratch, inputs, Blocks.ROWS);
        this.moved = DoubleMatrix.allocate(scratch, Blocks.ROWS, channels);
    }

    /**
     * Looks for the step of a map.
     *
     * @param steps most conjugate gradients
     * @param scratch owns everything
     */
    static MapStep find(
            MapRole role, int steps, MlpMaps maps, TokenBlocks tokens, LinearAlgebra algebra, Arena scratch) {
        MapStep found = new MapStep(role, maps, tokens, algebra, scratch);
        found.linearise();
        found.descend(steps, scratch);
        return found;
    }

    /** Σ ‖r‖², of the maps as they were. */
    double error() {
        return error;
    }

    /** Δ, transposed: {@code inputs × channels}; zero if the features do not move with the map on any token. */
    DoubleMatrix step() {
        return step;
    }

    /** Half of the descent of F at Δ = 0, the diagonal, and the error. */
    private void linearise() {
        double[] residual = new double[maps.spec().hiddenSize()];
        tokens.forEachPair((x, wanted) -> {
            DoubleMatrix lacking = maps.project(maps.features(x));
            for (int i = 0; i < x.rows(); i++) {
                for (int j = 0; j < residual.length; j++) {
                    residual[j] = wanted.get(i, j) - lacking.get(i, j);
                    error += residual[j] * residual[j];
                }
                lacking.writeRow(i, residual, residual.length);
            }
            DoubleMatrix pulled = moved.leadingBlock(x.rows(), channels);
            maps.pullBack(lacking, pulled);
            DoubleMatrix slopes = maps.slopes(role, x);
            Rows.multiply(pulled, slopes);
            addProduct(x, pulled, gradient);
            Rows.multiply(slopes, slopes);
            Rows.multiply(x, x);
            addProduct(x, slopes, diagonal);
        });
        double[] norms = Rows.squaredColumnNorms(maps.down());
        Rows.scaleColumns(diagonal, norms);
    }

    private void descend(int steps, Arena scratch) {
        double penalty = PENALTY * Rows.sum(diagonal) / ((double) inputs * channels);
        if (penalty == 0) {
            return;
        }
        DoubleMatrix direction = DoubleMatrix.allocate(scratch, inputs, channels);
        DoubleMatrix image = DoubleMatrix.allocate(scratch, inputs, channels);
        Rows.precondition(gradient, diagonal, penalty, 0, direction);
        double descent = Rows.preconditionedSquare(gradient, diagonal, penalty);
        double first = descent;
        for (int i = 0; i < steps && descent > first * 1e-28; i++) { // beyond that there is rounding
            apply(direction, penalty, image);
            double length = descent / Rows.dot(direction, image);
            Blocks.add(step, direction, length);
            Blocks.add(gradient, image, -length);
            double before = descent;
            descent = Rows.preconditionedSquare(gradient, diagonal, penalty);
            Rows.precondition(gradient, diagonal, penalty, descent / before, direction);
        }
    }

    /** image = Σ (s ∘ W_downᵀ W_down (s ∘ Dx)) xᵀ + μD, transposed. */
    private void apply(DoubleMatrix direction, double penalty, DoubleMatrix image) {
        image.data().fill((byte) 0);
        tokens.forEach(x -> {
            DoubleMatrix slopes = maps.slopes(role, x);
            DoubleMatrix moves = moved.leadingBlock(x.rows(), channels);
            algebra.multiply(x, direction, moves);
            Rows.multiply(moves, slopes);
            maps.pullBack(maps.project(moves), moves);
            Rows.multiply(moves, slopes);
            addProduct(x, moves, image);
        });
        Blocks.add(image, direction, penalty);
    }

    /** sum += xᵀ · values. */
    private void addProduct(DoubleMatrix x, DoubleMatrix values, DoubleMatrix sum) {
        DoubleMatrix transposed = inputsTransposed.leadingBlock(inputs, x.rows());
        Blocks.transpose(x, transposed);
        algebra.multiply(transposed, values, product);
        Blocks.add(sum, product);
    }
}
