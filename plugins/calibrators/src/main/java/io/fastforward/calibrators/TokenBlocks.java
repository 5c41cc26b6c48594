package io.fastforward.calibrators;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.measure.HiddenStream;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Tap;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.prune.Workbench;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.util.Iterator;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The calibration tokens at an MLP, some rows at a time, in double precision: what its maps see on the own stream, and what the
 * module is wanted to put out, W y + r without the bias of the output map. Both are computed anew on every pass.
 */
final class TokenBlocks {

    private final Workbench workbench;
    private final LinearAlgebra algebra;
    private final boolean residual;
    private final DoubleMatrix denseDown;
    private final DoubleMatrix inputs;
    private final DoubleMatrix denseFeatures;
    private final DoubleMatrix wanted;
    private final DoubleMatrix missing;

    /**
     * The tokens at a module.
     *
     * @param scratch owns the memory of one block
     */
    TokenBlocks(ModuleView module, MlpSpec spec, Workbench workbench, Arena scratch) {
        this.workbench = workbench;
        this.algebra = workbench.algebra();
        this.residual = module.measured().moments().containsKey(Wish.residual(Moment.CROSS_GRAM));
        this.denseDown = Blocks.transposed(
                module.weights().output().weight().copy(DataType.F32, scratch), spec.channels(), scratch);
        this.inputs = DoubleMatrix.allocate(scratch, Blocks.ROWS, MlpMaps.inputs(spec));
        if (spec.inputBias()) { // what the bias is multiplied with; widening leaves it
            for (int i = 0; i < inputs.rows(); i++) {
                inputs.set(i, spec.hiddenSize(), 1);
            }
        }
        this.denseFeatures = DoubleMatrix.allocate(scratch, Blocks.ROWS, spec.channels());
        this.wanted = DoubleMatrix.allocate(scratch, Blocks.ROWS, spec.hiddenSize());
        this.missing = DoubleMatrix.allocate(scratch, residual ? Blocks.ROWS : 0, spec.hiddenSize());
    }

    /**
     * One pass over the inputs.
     *
     * @param visitor is given {@code rows × inputs}, with ones in the last column if the maps have biases; valid during the call
     */
    void forEach(Consumer<DoubleMatrix> visitor) {
        for (Matrix batch : workbench.batches(Tap.INPUT)) {
            for (int first = 0; first < batch.rows(); first += Blocks.ROWS) {
                int rows = Math.min(Blocks.ROWS, batch.rows() - first);
                visitor.accept(widened(batch, first, inputs.leadingBlock(rows, inputs.columns())));
            }
        }
    }

    /** One pass over the inputs and what is wanted of the module, {@code rows × outputs}. */
    void forEachPair(BiConsumer<DoubleMatrix, DoubleMatrix> visitor) {
        Iterator<Matrix> features =
                workbench.batches(Tap.FEATURES, HiddenStream.DENSE).iterator();
        @Nullable
        Iterator<Matrix> residuals =
                residual ? workbench.batches(Tap.RESIDUAL, HiddenStream.DENSE).iterator() : null;
        for (Matrix batch : workbench.batches(Tap.INPUT)) {
            Matrix feature = features.next();
            @Nullable Matrix inherited = residuals == null ? null : residuals.next();
            for (int first = 0; first < batch.rows(); first += Blocks.ROWS) {
                int rows = Math.min(Blocks.ROWS, batch.rows() - first);
                DoubleMatrix target = wanted.leadingBlock(rows, wanted.columns());
                algebra.multiply(
                        widened(feature, first, denseFeatures.leadingBlock(rows, denseFeatures.columns())),
                        denseDown,
                        target);
                if (inherited != null) {
                    Blocks.add(target, widened(inherited, first, missing.leadingBlock(rows, missing.columns())));
                }
                visitor.accept(widened(batch, first, inputs.leadingBlock(rows, inputs.columns())), target);
            }
        }
    }

    private static DoubleMatrix widened(Matrix batch, int first, DoubleMatrix target) {
        Blocks.widen(batch, first, target);
        return target;
    }
}
