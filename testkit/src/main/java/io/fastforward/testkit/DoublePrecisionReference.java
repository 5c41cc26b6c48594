package io.fastforward.testkit;

import static io.fastforward.testkit.Approximation.UNIT;

import io.fastforward.spi.backend.BatchShape;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.HeadWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.NormWeights;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.model.RotaryPositions;
import io.fastforward.spi.tensor.Matrix;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The formulas of the contract in double precision, with error bounds, written without regard to speed.
 *
 * @param precision of the backend that is compared with it
 */
record DoublePrecisionReference(Precision precision) {

    /** The unit roundoff of bfloat16, which has 8 significant bits. */
    private static final double BFLOAT16_UNIT = 0x1.0p-8;

    /** The features of a whole batch, row by row. */
    List<Approximation> features(
            ModuleSpec spec, ModuleWeights weights, int units, BatchShape batch, List<Approximation> hidden) {
        var features = new ArrayList<Approximation>();
        for (int sequence = 0; sequence < batch.sequences(); sequence++) {
            List<Approximation> rows = hidden.subList(sequence * batch.length(), (sequence + 1) * batch.length());
            features.addAll(
                    switch (spec) {
                        case AttentionSpec attention -> attention(attention, weights, units, rows);
                        case MlpSpec mlp ->
                            rows.stream()
                                    .map(row -> mlp(mlp, weights, units, row))
                                    .toList();
                    });
        }
        return features;
    }

    /** Hidden states plus the output map of features, normalised if that is where the normalisation is. */
    List<Approximation> project(
            ModuleSpec spec,
            NormWeights norm,
            Linear output,
            List<Approximation> features,
            List<Approximation> hidden) {
        var result = new ArrayList<Approximation>();
        for (int row = 0; row < features.size(); row++) {
            Approximation sum =
                    linear(output, features.get(row), output.weight().rows());
            Approximation residual = hidden.get(row);
            for (int i = 0; i < sum.length(); i++) {
                // The residual may be the first term of the sum, so it is rounded as often as the products are.
                sum.error()[i] +=
                        residual.error()[i] + (features.get(row).length() + 4) * UNIT * Math.abs(residual.value()[i]);
                sum.value()[i] += residual.value()[i];
            }
            boolean after = spec.normalization().placement() == Normalization.Placement.AFTER;
            result.add(after ? normalize(spec.normalization(), norm, sum) : sum);
        }
        return result;
    }

    Approximation logits(HeadWeights weights, Approximation hidden) {
        Approximation x = weights.normalization() == null || weights.norm() == null
                ? hidden
                : normalize(weights.normalization(), weights.norm(), hidden);
        return linear(weights.head(), x, weights.head().weight().rows());
    }

    /** The log-likelihood of a token in element 0. */
    Approximation logLikelihood(HeadWeights weights, Approximation hidden, int target) {
        Approximation logits = logits(weights, hidden);
        Approximation probabilities = softmax(logits);
        double sum = 0;
        double maximum = Double.NEGATIVE_INFINITY;
        double expectedError = 0;
        for (int i = 0; i < logits.length(); i++) {
            maximum = Math.max(maximum, logits.value()[i]);
            expectedError += probabilities.value()[i] * logits.error()[i];
        }
        for (double logit : logits.value()) {
            sum += Math.exp(logit - maximum);
        }
        double value = logits.value()[target] - maximum - Math.log(sum);
        double rounding = (logits.length() + 8) * UNIT * (1 + Math.abs(maximum) + Math.abs(value));
        return new Approximation(
                new double[] {value}, new double[] {logits.error()[target] + 2 * expectedError + rounding});
    }

    private Approximation mlp(MlpSpec spec, ModuleWeights weights, int units, Approximation hidden) {
        Approximation x = input(spec, weights.norm(), hidden);
        Linear activated = weights.map(spec.gated() ? MapRole.GATE : MapRole.UP);
        Approximation result = activate(spec.activation(), linear(activated, x, units));
        if (spec.gated()) {
            Approximation up = linear(weights.map(MapRole.UP), x, units);
            for (int i = 0; i < units; i++) {
                result.error()[i] = Math.abs(result.value()[i]) * up.error()[i]
                        + Math.abs(up.value()[i]) * result.error()[i]
                        + result.error()[i] * up.error()[i];
                result.value()[i] *= up.value()[i];
                result.round(i, 1);
            }
        }
        return result;
    }

    private static Approximation activate(Activation activation, Approximation x) {
        Approximation result = Approximation.zeros(x.length());
        for (int i = 0; i < x.length(); i++) {
            double value = x.value()[i];
            if (activation == Activation.RELU) {
                result.value()[i] = Math.max(0, value);
                result.error()[i] = x.error()[i];
            } else {
                result.value()[i] = value / (1 + Math.exp(-value));
                result.error()[i] = 1.1 * x.error()[i]; // the slope of SiLU is at most 1.0999
                result.round(i, 8);
            }
        }
        return result;
    }

    private List<Approximation> attention(
            AttentionSpec spec, ModuleWeights weights, int units, List<Approximation> hidden) {
        int keyWidth = spec.groups(units) * spec.headSize();
        int valueWidth = spec.groups(units) * spec.valueSize(units);
        int queryWidth = spec.heads(units) * spec.headSize();
        var keys = new ArrayList<Approximation>();
        var values = new ArrayList<Approximation>();
        var features = new ArrayList<Approximation>();
        for (int position = 0; position < hidden.size(); position++) {
            Approximation x = input(spec, weights.norm(), hidden.get(position));
            Approximation query = linear(weights.map(MapRole.QUERY), x, queryWidth);
            Approximation key = linear(weights.map(MapRole.KEY), x, keyWidth);
            RotaryPositions rotary = spec.rotary();
            if (rotary != null) {
                rotate(rotary, spec.headSize(), query, position);
                rotate(rotary, spec.headSize(), key, position);
            }
            keys.add(key);
            values.add(linear(weights.map(MapRole.VALUE), x, valueWidth));
            int from = spec.slidingWindow() == 0 ? 0 : Math.max(0, position - spec.slidingWindow() + 1);
            Approximation row = Approximation.zeros(spec.features(units));
            for (int head = 0; head < spec.heads(units); head++) {
                int keyHead =
                        spec.unit() == AttentionUnit.QUERY_HEAD ? head % spec.groups() : head / spec.queriesPerGroup();
                Approximation attention = weights(spec, query, head, keys, keyHead, from);
                for (int i = 0; i < spec.valueSize(units); i++) {
                    boolean byDimension = spec.unit() == AttentionUnit.VALUE_CHANNEL;
                    int column = byDimension ? i * spec.groups() + keyHead : keyHead * spec.valueSize() + i;
                    int feature = byDimension ? i * spec.heads() + head : head * spec.valueSize() + i;
                    average(attention, values, column, from, feature, row);
                }
            }
            features.add(row);
        }
        return features;
    }

    /** How much a query head attends to each of the positions that it sees. */
    private Approximation weights(
            AttentionSpec spec, Approximation query, int head, List<Approximation> keys, int keyHead, int from) {
        int size = spec.headSize();
        Approximation scores = Approximation.zeros(keys.size() - from);
        for (int j = 0; j < scores.length(); j++) {
            Approximation key = keys.get(from + j);
            for (int i = 0; i < size; i++) {
                double q = query.value()[head * size + i];
                double k = key.value()[keyHead * size + i];
                double qError = asOperand(q, query.error()[head * size + i]);
                double kError = asOperand(k, key.error()[keyHead * size + i]);
                scores.value()[j] += q * k * spec.scale();
                scores.error()[j] += spec.scale()
                        * (Math.abs(q) * kError
                                + Math.abs(k) * qError
                                + qError * kError
                                + (size + 8) * UNIT * Math.abs(q * k));
            }
        }
        return softmax(scores);
    }

    /** One feature: the average of one column of the values. */
    private void average(
            Approximation weights,
            List<Approximation> values,
            int column,
            int from,
            int feature,
            Approximation result) {
        for (int j = 0; j < weights.length(); j++) {
            double value = values.get(from + j).value()[column];
            double error = asOperand(value, values.get(from + j).error()[column]);
            double weightError = asOperand(weights.value()[j], weights.error()[j]);
            result.value()[feature] += weights.value()[j] * value;
            result.error()[feature] += weightError * Math.abs(value)
                    + weights.value()[j] * error
                    + weightError * error
                    + (weights.length() + 4) * UNIT * weights.value()[j] * Math.abs(value);
        }
    }

    private static Approximation softmax(Approximation scores) {
        double maximum = Double.NEGATIVE_INFINITY;
        double maximumError = 0;
        for (int j = 0; j < scores.length(); j++) {
            maximum = Math.max(maximum, scores.value()[j]);
            maximumError = Math.max(maximumError, scores.error()[j]);
        }
        Approximation result = Approximation.zeros(scores.length());
        double sum = 0;
        for (int j = 0; j < scores.length(); j++) {
            result.value()[j] = Math.exp(scores.value()[j] - maximum);
            sum += result.value()[j];
        }
        for (int j = 0; j < scores.length(); j++) {
            double distance = Math.abs(scores.value()[j] - maximum);
            result.value()[j] /= sum;
            result.error()[j] = Math.expm1(2 * maximumError) * result.value()[j];
            result.round(j, 8 + 2 * distance + scores.length());
        }
        return result;
    }

    private static void rotate(RotaryPositions rotary, int headSize, Approximation heads, int position) {
        int half = rotary.frequencies().size();
        for (int start = 0; start < heads.length(); start += headSize) {
            for (int i = 0; i < half; i++) {
                double cosine = Math.cos(position * rotary.frequencies().get(i));
                double sine = Math.sin(position * rotary.frequencies().get(i));
                int first = start + i;
                int second = start + i + half;
                double a = heads.value()[first];
                double b = heads.value()[second];
                double aError = heads.error()[first] + 4 * UNIT * Math.abs(a);
                double bError = heads.error()[second] + 4 * UNIT * Math.abs(b);
                heads.value()[first] = a * cosine - b * sine;
                heads.value()[second] = b * cosine + a * sine;
                heads.error()[first] = aError * Math.abs(cosine) + bError * Math.abs(sine);
                heads.error()[second] = bError * Math.abs(cosine) + aError * Math.abs(sine);
            }
        }
    }

    /** What the input maps of a module get to see. */
    static Approximation input(ModuleSpec spec, NormWeights norm, Approximation hidden) {
        boolean before = spec.normalization().placement() == Normalization.Placement.BEFORE;
        return before ? normalize(spec.normalization(), norm, hidden) : hidden;
    }

    private static Approximation normalize(Normalization normalization, NormWeights weights, Approximation x) {
        int n = x.length();
        double mean = 0;
        double meanError = 0;
        if (normalization.kind() == Normalization.Kind.LAYER) {
            for (int i = 0; i < n; i++) {
                mean += x.value()[i] / n;
                meanError += (x.error()[i] + (n + 1) * UNIT * Math.abs(x.value()[i])) / n;
            }
        }
        double variance = normalization.epsilon();
        double varianceError = 0;
        for (int i = 0; i < n; i++) {
            double centred = x.value()[i] - mean;
            double error = x.error()[i] + meanError + UNIT * Math.abs(centred);
            variance += centred * centred / n;
            varianceError += (2 * Math.abs(centred) * error + error * error + (n + 4) * UNIT * centred * centred) / n;
        }
        double factor = 1 / Math.sqrt(variance);
        double relative = varianceError / variance / 2 + 8 * UNIT;
        Matrix bias = weights.bias();
        Approximation result = Approximation.zeros(n);
        for (int i = 0; i < n; i++) {
            double centred = x.value()[i] - mean;
            double weight = weights.weight().get(0, i);
            double shift = bias == null ? 0 : bias.get(0, i);
            result.value()[i] = centred * factor * weight + shift;
            result.error()[i] = Math.abs(weight)
                            * factor
                            * (x.error()[i] + meanError + (relative + 4 * UNIT) * Math.abs(centred))
                    + UNIT * Math.abs(shift);
            result.round(i, 1);
        }
        return result;
    }

    /** The leading outputs of a map of the leading inputs. */
    private Approximation linear(Linear map, Approximation x, int outputs) {
        @Nullable Matrix bias = map.bias();
        Approximation result = Approximation.zeros(outputs);
        for (int i = 0; i < outputs; i++) {
            double sum = bias == null ? 0 : bias.get(0, i);
            double magnitude = Math.abs(sum);
            double error = 0;
            for (int j = 0; j < x.length(); j++) {
                double weight = map.weight().get(i, j);
                double weightError = asOperand(weight, 0);
                double inputError = asOperand(x.value()[j], x.error()[j]);
                sum += weight * x.value()[j];
                magnitude += Math.abs(weight * x.value()[j]);
                error += Math.abs(weight) * inputError + weightError * (Math.abs(x.value()[j]) + inputError);
            }
            result.value()[i] = sum;
            result.error()[i] = error + (x.length() + 4) * UNIT * magnitude;
        }
        return result;
    }

    /**
     * The error of a number when it is multiplied: it may be rounded before. A number that is known exactly and can be
     * represented stays as it is.
     */
    private double asOperand(double value, double error) {
        boolean rounded = precision == Precision.BFLOAT16 && (error > 0 || !isBfloat16(value));
        return rounded ? error + BFLOAT16_UNIT * (Math.abs(value) + error) : error;
    }

    private static boolean isBfloat16(double value) {
        return (float) value == value && (Float.floatToRawIntBits((float) value) & 0xffff) == 0;
    }
}
