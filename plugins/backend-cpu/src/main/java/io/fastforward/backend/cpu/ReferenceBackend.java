package io.fastforward.backend.cpu;

import io.fastforward.spi.backend.BatchShape;
import io.fastforward.spi.backend.Moments;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.HeadWeights;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.RotaryPositions;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** The formulas of the contract as plain loops in double precision. Only what is stored is single precision. */
final class ReferenceBackend extends HostBackend {

    static final String DEVICE = "plain Java loops in double precision, 1 thread";

    @Override
    public String device() {
        return DEVICE;
    }

    @Override
    HostModule loadChecked(ModuleSpec spec, ModuleWeights weights) {
        return new ReferenceModule(this, spec, weights);
    }

    @Override
    HostHead loadCheckedHead(HeadWeights weights) {
        return new ReferenceHead(this, weights);
    }

    @Override
    Moments newMoments(Moment kind, int leftWidth, int rightWidth) {
        return new ReferenceMoments(this, kind, leftWidth, rightWidth);
    }

    @Override
    void computeFeatures(HostModule module, int units, BatchShape batch, HostMatrix hidden, HostMatrix features) {
        var loaded = (ReferenceModule) module;
        switch (loaded.spec()) {
            case MlpSpec mlp -> {
                for (int row = 0; row < batch.rows(); row++) {
                    setRow(features, row, mlpFeatures(loaded, mlp, units, row(hidden, row)));
                }
            }
            case AttentionSpec attention -> {
                for (int sequence = 0; sequence < batch.sequences(); sequence++) {
                    var cache = new ReferenceKeyValueCache(this, loaded, units, batch.length());
                    for (int i = 0; i < batch.length(); i++) {
                        int row = sequence * batch.length() + i;
                        setRow(features, row, attend(loaded, attention, units, loaded.input(row(hidden, row)), cache));
                    }
                }
            }
        }
    }

    private static double[] mlpFeatures(ReferenceModule module, MlpSpec spec, int units, double[] hidden) {
        double[] x = module.input(hidden);
        List<ReferenceMap> maps = module.inputs();
        double[] activated = maps.getFirst().apply(x, units);
        for (int i = 0; i < units; i++) {
            activated[i] = activate(spec.activation(), activated[i]);
        }
        if (spec.gated()) {
            double[] up = maps.getLast().apply(x, units);
            for (int i = 0; i < units; i++) {
                activated[i] *= up[i];
            }
        }
        return activated;
    }

    private static double activate(Activation activation, double x) {
        return switch (activation) {
            case SILU -> x / (1 + Math.exp(-x));
            case RELU -> Math.max(0, x);
        };
    }

    @Override
    HostKeyValueCache newKeyValueCache(HostModule attention, AttentionSpec spec, int units, int capacity) {
        return new ReferenceKeyValueCache(this, attention, units, capacity);
    }

    @Override
    void computeNextFeatures(
            HostModule module,
            AttentionSpec spec,
            HostKeyValueCache cache,
            int rows,
            HostMatrix hidden,
            HostMatrix features) {
        var kept = (ReferenceKeyValueCache) cache;
        for (int row = 0; row < rows; row++) {
            double[] x = ((ReferenceModule) module).input(row(hidden, row));
            setRow(features, row, attend((ReferenceModule) module, spec, kept.units(), x, kept));
        }
    }

    /** The features of the token that comes after those in a cache. */
    private static double[] attend(
            ReferenceModule module, AttentionSpec spec, int units, double[] x, ReferenceKeyValueCache cache) {
        int position = cache.length();
        int keyFeatures = spec.groups(units) * spec.headSize();
        double[] query = module.inputs().get(0).apply(x, spec.features(units));
        double[] key = module.inputs().get(1).apply(x, keyFeatures);
        turn(spec, query, position);
        turn(spec, key, position);
        cache.append(key, module.inputs().get(2).apply(x, keyFeatures));

        int first = spec.slidingWindow() == 0 ? 0 : Math.max(0, position + 1 - spec.slidingWindow());
        var result = new double[query.length];
        for (int head = 0; head < spec.heads(units); head++) {
            int start = head * spec.headSize();
            int keyStart = spec.groupOf(head) * spec.headSize();
            attend(spec, query, start, cache.keys(), cache.values(), keyStart, first, position, result);
        }
        return result;
    }

    /** One query head at one position. */
    private static void attend(
            AttentionSpec spec,
            double[] query,
            int start,
            List<double[]> keys,
            List<double[]> values,
            int keyStart,
            int first,
            int last,
            double[] result) {
        var scores = new double[last + 1];
        double maximum = Double.NEGATIVE_INFINITY;
        for (int position = first; position <= last; position++) {
            double product = 0;
            for (int i = 0; i < spec.headSize(); i++) {
                product += query[start + i] * keys.get(position)[keyStart + i];
            }
            scores[position] = product * spec.scale();
            maximum = Math.max(maximum, scores[position]);
        }
        double sum = 0;
        for (int position = first; position <= last; position++) {
            scores[position] = Math.exp(scores[position] - maximum);
            sum += scores[position];
        }
        for (int position = first; position <= last; position++) {
            for (int i = 0; i < spec.headSize(); i++) {
                result[start + i] += scores[position] / sum * values.get(position)[keyStart + i];
            }
        }
    }

    /** Turns every head of a row of queries or keys by the angles of its position. */
    private static void turn(AttentionSpec spec, double[] heads, int position) {
        RotaryPositions rotary = spec.rotary();
        if (rotary == null) {
            return;
        }
        int half = rotary.frequencies().size();
        for (int start = 0; start < heads.length; start += spec.headSize()) {
            for (int i = 0; i < half; i++) {
                double angle = position * rotary.frequencies().get(i);
                double a = heads[start + i];
                double b = heads[start + i + half];
                heads[start + i] = a * Math.cos(angle) - b * Math.sin(angle);
                heads[start + i + half] = b * Math.cos(angle) + a * Math.sin(angle);
            }
        }
    }

    @Override
    void computeProjection(HostModule module, int units, int rows, HostMatrix features, HostMatrix hidden) {
        var loaded = (ReferenceModule) module;
        int width = loaded.spec().features(units);
        for (int row = 0; row < rows; row++) {
            var x = new double[width];
            System.arraycopy(row(features, row), 0, x, 0, width);
            double[] y = row(hidden, row);
            double[] step = loaded.output().apply(x, y.length);
            for (int i = 0; i < y.length; i++) {
                y[i] += step[i];
            }
            setRow(hidden, row, loaded.result(y));
        }
    }

    @Override
    void computeLogLikelihood(HostHead head, HostMatrix hidden, int[] targets, double[] result) {
        for (int row = 0; row < targets.length; row++) {
            result[row] =
                    targets[row] < 0 ? 0 : logLikelihood(((ReferenceHead) head).logits(row(hidden, row)), targets[row]);
        }
    }

    private static double logLikelihood(double[] logits, int target) {
        double maximum = Double.NEGATIVE_INFINITY;
        for (double logit : logits) {
            if (!Double.isFinite(logit)) {
                return Double.NaN;
            }
            maximum = Math.max(maximum, logit);
        }
        double sum = 0;
        for (double logit : logits) {
            sum += Math.exp(logit - maximum);
        }
        return logits[target] - maximum - Math.log(sum);
    }

    @Override
    void computeLogits(HostHead head, HostMatrix hidden, int firstRow, Matrix result) {
        for (int row = 0; row < result.rows(); row++) {
            double[] logits = ((ReferenceHead) head).logits(row(hidden, firstRow + row));
            for (int token = 0; token < logits.length; token++) {
                result.set(row, token, (float) logits[token]);
            }
        }
    }

    @Override
    void widen(Matrix source, MemorySegment target, long firstElement) {
        long element = firstElement;
        for (int row = 0; row < source.rows(); row++) {
            for (int column = 0; column < source.columns(); column++) {
                target.setAtIndex(ValueLayout.JAVA_FLOAT, element++, source.get(row, column));
            }
        }
    }

    static double[] row(HostMatrix matrix, int row) {
        var values = new double[matrix.columns()];
        long first = (long) row * matrix.columns();
        for (int column = 0; column < values.length; column++) {
            values[column] = matrix.data().getAtIndex(ValueLayout.JAVA_FLOAT, first + column);
        }
        return values;
    }

    /** Stores the leading columns of a row. */
    private static void setRow(HostMatrix matrix, int row, double[] values) {
        long first = (long) row * matrix.columns();
        for (int column = 0; column < values.length; column++) {
            matrix.data().setAtIndex(ValueLayout.JAVA_FLOAT, first + column, (float) values[column]);
        }
    }
}
