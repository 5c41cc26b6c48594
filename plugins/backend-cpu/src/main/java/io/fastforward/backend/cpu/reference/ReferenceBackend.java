package io.fastforward.backend.cpu.reference;

import io.fastforward.spi.backend.BatchShape;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.KeyValueCache;
import io.fastforward.spi.backend.LoadedHead;
import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.backend.Moments;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.HeadWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.RotaryPositions;
import io.fastforward.spi.tensor.Matrix;
import java.util.Arrays;

/** The formulas of the contract as plain loops in double precision. Only what is stored is single precision. */
final class ReferenceBackend implements ComputeBackend {

    static final String DEVICE = "plain Java loops in double precision, 1 thread";

    @Override
    public String device() {
        return DEVICE;
    }

    @Override
    public DeviceMatrix allocate(int rows, int columns) {
        return new ReferenceMatrix(new float[rows][columns]);
    }

    @Override
    public void write(Matrix source, DeviceMatrix target, int firstRow) {
        for (int row = 0; row < source.rows(); row++) {
            ((ReferenceMatrix) target).values()[firstRow + row] = ReferenceMap.row(source, row);
        }
    }

    @Override
    public void read(DeviceMatrix source, int firstRow, Matrix target) {
        for (int row = 0; row < target.rows(); row++) {
            float[] values = ((ReferenceMatrix) source).values()[firstRow + row];
            for (int column = 0; column < target.columns(); column++) {
                target.set(row, column, values[column]);
            }
        }
    }

    @Override
    public LoadedModule load(ModuleSpec spec, ModuleWeights weights) {
        return ReferenceModule.of(spec, weights);
    }

    @Override
    public void replace(LoadedModule module, MapRole role, Linear map) {
        ((ReferenceModule) module).map(role).replace(map);
    }

    @Override
    public void input(LoadedModule module, int rows, DeviceMatrix hidden, DeviceMatrix target) {
        for (int row = 0; row < rows; row++) {
            setRow(target, row, ((ReferenceModule) module).input(row(hidden, row)));
        }
    }

    @Override
    public void features(LoadedModule module, int units, BatchShape batch, DeviceMatrix hidden, DeviceMatrix features) {
        var loaded = (ReferenceModule) module;
        switch (loaded.spec()) {
            case MlpSpec mlp -> {
                for (int row = 0; row < batch.rows(); row++) {
                    setRow(features, row, mlpFeatures(loaded, mlp, units, row(hidden, row)));
                }
            }
            case AttentionSpec attention -> {
                for (int sequence = 0; sequence < batch.sequences(); sequence++) {
                    var cache = new ReferenceKeyValueCache(loaded, units, batch.length());
                    for (int i = 0; i < batch.length(); i++) {
                        int row = sequence * batch.length() + i;
                        setRow(features, row, attend(attention, cache, row(hidden, row)));
                    }
                }
            }
        }
    }

    private static double[] mlpFeatures(ReferenceModule module, MlpSpec spec, int units, double[] hidden) {
        double[] x = module.input(hidden);
        double[] activated =
                module.map(spec.gated() ? MapRole.GATE : MapRole.UP).apply(x, units);
        for (int i = 0; i < units; i++) {
            activated[i] = activate(spec.activation(), activated[i]);
        }
        if (spec.gated()) {
            double[] up = module.map(MapRole.UP).apply(x, units);
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
    public KeyValueCache keyValueCache(LoadedModule attention, int units, int capacity) {
        return new ReferenceKeyValueCache((ReferenceModule) attention, units, capacity);
    }

    @Override
    public void nextFeatures(KeyValueCache cache, int rows, DeviceMatrix hidden, DeviceMatrix features) {
        var kept = (ReferenceKeyValueCache) cache;
        for (int row = 0; row < rows; row++) {
            setRow(features, row, attend((AttentionSpec) kept.module().spec(), kept, row(hidden, row)));
        }
    }

    /** The features of the token that comes after those in a cache. */
    private static double[] attend(AttentionSpec spec, ReferenceKeyValueCache cache, double[] hidden) {
        ReferenceModule module = cache.module();
        double[] x = module.input(hidden);
        int units = cache.units();
        int position = cache.length();
        int keyFeatures = spec.groups(units) * spec.headSize();
        double[] query = module.map(MapRole.QUERY).apply(x, spec.features(units));
        double[] key = module.map(MapRole.KEY).apply(x, keyFeatures);
        turn(spec, query, position);
        turn(spec, key, position);
        cache.keys().add(key);
        cache.values().add(module.map(MapRole.VALUE).apply(x, keyFeatures));

        int first = spec.slidingWindow() == 0 ? 0 : Math.max(0, position + 1 - spec.slidingWindow());
        var result = new double[query.length];
        for (int head = 0; head < spec.heads(units); head++) {
            attend(spec, head, query, cache, first, result);
        }
        return result;
    }

    /** One query head at the last position of a cache, which sees those from some position on. */
    private static void attend(
            AttentionSpec spec, int head, double[] query, ReferenceKeyValueCache cache, int first, double[] result) {
        int start = head * spec.headSize();
        int keyStart = spec.groupOf(head) * spec.headSize();
        int last = cache.length() - 1;
        var scores = new double[last + 1];
        double maximum = Double.NEGATIVE_INFINITY;
        for (int position = first; position <= last; position++) {
            double product = 0;
            for (int i = 0; i < spec.headSize(); i++) {
                product += query[start + i] * cache.keys().get(position)[keyStart + i];
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
                result[start + i] += scores[position] / sum * cache.values().get(position)[keyStart + i];
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
    public void project(LoadedModule module, int units, int rows, DeviceMatrix features, DeviceMatrix hidden) {
        var loaded = (ReferenceModule) module;
        MapRole output = loaded.spec().maps().getLast().role();
        int width = loaded.spec().features(units);
        for (int row = 0; row < rows; row++) {
            double[] y = row(hidden, row);
            double[] step = loaded.map(output).apply(Arrays.copyOf(row(features, row), width), y.length);
            for (int i = 0; i < y.length; i++) {
                y[i] += step[i];
            }
            setRow(hidden, row, loaded.result(y));
        }
    }

    @Override
    public LoadedHead loadHead(HeadWeights weights) {
        return ReferenceHead.of(weights);
    }

    @Override
    public void logLikelihood(LoadedHead head, DeviceMatrix hidden, int[] targets, double[] result) {
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
    public void logits(LoadedHead head, DeviceMatrix hidden, int firstRow, Matrix result) {
        for (int row = 0; row < result.rows(); row++) {
            double[] logits = ((ReferenceHead) head).logits(row(hidden, firstRow + row));
            for (int token = 0; token < logits.length; token++) {
                result.set(row, token, (float) logits[token]);
            }
        }
    }

    @Override
    public Moments moments(Moment kind, int leftWidth, int rightWidth) {
        return new ReferenceMoments(kind, leftWidth, rightWidth);
    }

    @Override
    public void close() {}

    static double[] row(DeviceMatrix matrix, int row) {
        float[] values = ((ReferenceMatrix) matrix).values()[row];
        var widened = new double[values.length];
        Arrays.setAll(widened, column -> values[column]);
        return widened;
    }

    /** Stores the leading columns of a row. */
    private static void setRow(DeviceMatrix matrix, int row, double[] values) {
        float[] stored = ((ReferenceMatrix) matrix).values()[row];
        for (int column = 0; column < values.length; column++) {
            stored[column] = (float) values[column];
        }
    }
}
