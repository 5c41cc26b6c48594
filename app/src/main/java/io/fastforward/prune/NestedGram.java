package io.fastforward.prune;

import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.util.List;

/** A module's Gram matrix a token, seen in nested order: feature 0 is the first one of the part that comes first. */
final class NestedGram {

    private final DoubleMatrix gram;
    private final long tokens;

    /** Where the features are. */
    private final int[] features;

    private final double[] source;

    /**
     * A view.
     *
     * @param gram the sum over the tokens; the module's parts lie in it one after the other, unit by unit
     * @param order the parts in nested order, numbered as in a checkpoint
     */
    NestedGram(ModuleSpec module, DoubleMatrix gram, long tokens, List<Integer> order) {
        this.gram = gram;
        this.tokens = tokens;
        this.features = features(module, order);
        this.source = new double[features.length];
    }

    private static int[] features(ModuleSpec module, List<Integer> order) {
        int groups = module.partsPerUnit();
        int units = module.units();
        int width = module.featuresPerPart();
        int[] features = new int[order.size() * width];
        for (int k = 0; k < order.size(); k++) {
            int part = order.get(k);
            int place = part % units * groups + part / units;
            for (int number = 0; number < width; number++) {
                features[k * width + number] = place * width + number;
            }
        }
        return features;
    }

    int size() {
        return features.length;
    }

    /** Where a feature is in the module. */
    int place(int feature) {
        return features[feature];
    }

    /** The leading elements of a row. */
    void readRow(int row, double[] target, int count) {
        gram.readRow(features[row], source, source.length);
        for (int j = 0; j < count; j++) {
            target[j] = source[features[j]] / tokens;
        }
    }
}
