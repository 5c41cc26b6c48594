package io.fastforward.prune;

import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.util.BitSet;
import java.util.List;

/** A module's features in nested order: feature 0 is the first one of the part that comes first. */
final class NestedFeatures {

    /** Where the features are. */
    private final int[] places;

    /**
     * The features of a module whose parts lie one after the other, unit by unit.
     *
     * @param order the parts in nested order, numbered as in a checkpoint
     */
    NestedFeatures(ModuleSpec module, List<Integer> order) {
        int groups = module.partsPerUnit();
        int units = module.units();
        int width = module.featuresPerPart();
        places = new int[order.size() * width];
        for (int k = 0; k < order.size(); k++) {
            int part = order.get(k);
            int place = part % units * groups + part / units;
            for (int number = 0; number < width; number++) {
                places[k * width + number] = place * width + number;
            }
        }
    }

    int count() {
        return places.length;
    }

    /** Where a feature is in the module. */
    int place(int feature) {
        return places[feature];
    }

    /** Brings rows and columns of a Gram matrix into nested order, where it is, and divides it by the tokens. */
    void reorder(DoubleMatrix gram, long tokens) {
        reorderColumns(gram, tokens);
        reorderRows(gram);
    }

    private void reorderColumns(DoubleMatrix gram, long tokens) {
        double[] source = new double[places.length];
        double[] target = new double[places.length];
        for (int i = 0; i < places.length; i++) {
            gram.readRow(i, source, source.length);
            for (int j = 0; j < places.length; j++) {
                target[j] = source[places[j]] / tokens;
            }
            gram.writeRow(i, target, target.length);
        }
    }

    /** Cycle by cycle: every row moves to where the one was that moved before it. */
    private void reorderRows(DoubleMatrix gram) {
        BitSet done = new BitSet(places.length);
        double[] first = new double[places.length];
        double[] moved = new double[places.length];
        for (int start = done.nextClearBit(0); start < places.length; start = done.nextClearBit(start)) {
            gram.readRow(start, first, first.length);
            int target = start;
            for (int source = places[target]; source != start; source = places[target]) {
                gram.readRow(source, moved, moved.length);
                gram.writeRow(target, moved, moved.length);
                done.set(target);
                target = source;
            }
            gram.writeRow(target, first, first.length);
            done.set(target);
        }
    }
}
