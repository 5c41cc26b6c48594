package io.fastforward.backend.cpu.reference;

import io.fastforward.spi.model.NormWeights;
import io.fastforward.spi.model.Normalization;

/** A normalisation in double precision. */
record ReferenceNorm(Normalization normalization, float[] weight, float[] bias) {

    static ReferenceNorm of(Normalization normalization, NormWeights weights) {
        float[] weight = ReferenceMap.row(weights.weight(), 0);
        return new ReferenceNorm(normalization, weight, ReferenceMap.rowOrZeros(weights.bias(), weight.length));
    }

    double[] apply(double[] x) {
        double mean = 0;
        if (normalization.kind() == Normalization.Kind.LAYER) {
            for (double value : x) {
                mean += value / x.length;
            }
        }
        double variance = 0;
        for (double value : x) {
            variance += (value - mean) * (value - mean) / x.length;
        }
        double factor = 1 / Math.sqrt(variance + normalization.epsilon());
        var y = new double[x.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = (x[i] - mean) * factor * weight[i] + bias[i];
        }
        return y;
    }
}
