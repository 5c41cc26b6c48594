package io.fastforward.backend.tornado;

import io.fastforward.spi.backend.DeviceException;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;

/** The shapes that operations accept. Every refusal names what was given and what was expected. */
final class ArgumentChecks {

    private ArgumentChecks() {}

    static void requireWritable(Matrix source, TornadoMatrix target, int firstRow) {
        require(
                source.columns() == target.columns() && fits(firstRow, source.rows(), target.rows()),
                "cannot write " + shape(source) + " to a matrix of " + shape(target) + " from row " + firstRow);
    }

    static void requireReadable(TornadoMatrix source, int firstRow, Matrix target) {
        require(
                target.type() == DataType.F32
                        && target.columns() <= source.columns()
                        && fits(firstRow, target.rows(), source.rows()),
                "cannot read " + shape(target) + " of " + target.type() + " from a matrix of " + shape(source)
                        + " of F32 from row " + firstRow);
    }

    static void requireReplacement(ModuleSpec spec, Matrix weight) {
        require(
                weight.rows() == spec.hiddenSize()
                        && weight.columns() >= 1
                        && weight.columns() <= spec.features(spec.units())
                        && weight.columns() % spec.featuresPerUnit() == 0,
                "an output map of " + shape(weight) + " does not fit a module of " + spec.hiddenSize() + " hidden and "
                        + spec.units() + " units of " + spec.featuresPerUnit() + " features");
    }

    static void requireBatch(ModuleSpec spec, int units, int rows, TornadoMatrix hidden, TornadoMatrix features) {
        requireUnits(spec, units);
        require(
                rows >= 1 && rows <= hidden.rows() && spec.hiddenSize() == hidden.columns(),
                "a hidden state of " + shape(hidden) + " does not hold " + rows + " × " + spec.hiddenSize());
        require(
                rows <= features.rows() && spec.features(units) <= features.columns(),
                "a feature matrix of " + shape(features) + " does not hold " + rows + " × " + spec.features(units));
        require(!hidden.equals(features), "hidden state and features are the same matrix");
    }

    /** Kernels have a row of work-items for each token; a GPU has no more. */
    static void requireFitsGrid(int rows) {
        if (rows > KernelExecutor.MOST_ROWS) {
            throw new DeviceException(
                    rows + " tokens at once are too many for a GPU; use a --window of at most "
                            + KernelExecutor.MOST_ROWS + ", or --device cpu",
                    null);
        }
    }

    static void requireUnits(ModuleSpec spec, int units) {
        require(
                units >= 1 && units <= spec.units(),
                units + " active units, but the module has " + spec.units() + " and needs at least 1");
    }

    static AttentionSpec requireCacheable(ModuleSpec spec, int units, int capacity) {
        if (!(spec instanceof AttentionSpec attention)) {
            throw new IllegalArgumentException("only attention has keys and values to keep");
        }
        requireUnits(spec, units);
        require(capacity >= 1, "a cache holds at least 1 token, but the capacity is " + capacity);
        return attention;
    }

    static void requireRoom(TornadoKeyValueCache cache, int rows) {
        require(
                rows <= cache.capacity() - cache.length(),
                rows + " more tokens do not fit a cache that holds " + cache.length() + " of at most "
                        + cache.capacity());
    }

    static void requireTargets(TornadoHead head, TornadoMatrix hidden, int[] targets, double[] result) {
        require(
                targets.length <= hidden.rows() && targets.length == result.length,
                targets.length + " targets and " + result.length + " results do not fit a hidden state of "
                        + shape(hidden));
        requireWidth(head, hidden);
        for (int target : targets) {
            require(
                    target < head.vocabulary(),
                    "target " + target + " is outside the vocabulary of " + head.vocabulary());
        }
    }

    static void requireLogits(TornadoHead head, TornadoMatrix hidden, int firstRow, Matrix result) {
        require(
                result.type() == DataType.F32
                        && result.columns() == head.vocabulary()
                        && fits(firstRow, result.rows(), hidden.rows()),
                "logits of " + shape(result) + " of " + result.type() + " do not fit a vocabulary of "
                        + head.vocabulary() + " and a hidden state of " + shape(hidden) + " from row " + firstRow);
        requireWidth(head, hidden);
    }

    static void requireHolds(TornadoMatrix matrix, int rows, int width) {
        require(
                rows >= 0 && rows <= matrix.rows() && width <= matrix.columns(),
                "a matrix of " + shape(matrix) + " does not hold " + rows + " × " + width);
    }

    private static void requireWidth(TornadoHead head, TornadoMatrix hidden) {
        require(
                head.hiddenSize() == hidden.columns(),
                "a hidden state of " + shape(hidden) + " does not fit a head of " + head.vocabulary() + " × "
                        + head.hiddenSize());
    }

    private static boolean fits(int first, int count, int rows) {
        return first >= 0 && first <= rows - count;
    }

    private static void require(boolean condition, String refusal) {
        if (!condition) {
            throw new IllegalArgumentException(refusal);
        }
    }

    private static String shape(Matrix matrix) {
        return matrix.rows() + " × " + matrix.columns();
    }

    private static String shape(DeviceMatrix matrix) {
        return matrix.rows() + " × " + matrix.columns();
    }
}
