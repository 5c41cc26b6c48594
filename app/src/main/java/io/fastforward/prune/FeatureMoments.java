package io.fastforward.prune;

import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.Moments;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Sums up what a calibrator asks to know about the features of one module, on a device, and states its problem. */
final class FeatureMoments implements AutoCloseable {

    private final List<Moments> opened = new ArrayList<>();
    private final boolean centred;
    private final @Nullable Moments gram;
    private final @Nullable Moments cross;
    private final @Nullable Moments sums;
    private final @Nullable Moments denseSums;
    private long tokens;

    /** Sums over features of some width; over the dense model's too if the repair follows it. */
    FeatureMoments(ComputeBackend backend, PruningPass.Repair repair, int width) {
        centred = repair.calibrator().statistics() == Calibrator.Statistics.CENTRED_GRAM;
        boolean dense = repair.followsDenseModel();
        try {
            gram = open(backend, repair.measuresGram(), Moment.GRAM, width);
            cross = open(backend, repair.measuresGram() && dense, Moment.CROSS_GRAM, width);
            sums = open(backend, repair.measuresMeans(), Moment.SUMS, width);
            denseSums = open(backend, repair.measuresMeans() && dense, Moment.SUMS, width);
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    private @Nullable Moments open(ComputeBackend backend, boolean wanted, Moment kind, int width) {
        if (!wanted) {
            return null;
        }
        Moments moments = backend.moments(kind, width, width);
        opened.add(moments);
        return moments;
    }

    /** Adds features that are to be reproduced themselves. */
    void add(DeviceMatrix features, int rows) {
        add(gram, features, features, rows);
        add(sums, features, features, rows);
        tokens += rows;
    }

    /** Adds features, and those of the dense model for the same tokens. */
    void add(DeviceMatrix features, DeviceMatrix dense, int rows) {
        add(features, rows);
        add(cross, dense, features, rows);
        add(denseSums, dense, dense, rows);
    }

    private static void add(@Nullable Moments moments, DeviceMatrix left, DeviceMatrix right, int rows) {
        if (moments != null) {
            moments.add(left, right, rows);
        }
    }

    /** The problem of an output map, with statistics in the arena. */
    Calibrator.Problem problem(Linear map, int kept, Arena arena) {
        DoubleMatrix mean = mean(sums, arena);
        DoubleMatrix targetMean = denseSums == null ? mean : mean(denseSums, arena);
        DoubleMatrix own = read(gram, arena);
        DoubleMatrix target = cross == null ? own : read(cross, arena);
        if (centred) {
            if (cross != null) {
                subtractMeans(target, targetMean, mean);
            }
            subtractMeans(own, mean, mean);
        }
        return new Calibrator.Problem(map, kept, own, target, mean, targetMean, tokens);
    }

    private DoubleMatrix mean(@Nullable Moments moments, Arena arena) {
        DoubleMatrix mean = read(moments, arena);
        for (int j = 0; j < mean.columns(); j++) {
            mean.set(0, j, mean.get(0, j) / tokens);
        }
        return mean;
    }

    private static DoubleMatrix read(@Nullable Moments moments, Arena arena) {
        return moments == null ? DoubleMatrix.allocate(arena, 0, 0) : moments.read(arena);
    }

    /** Σ y xᵀ − tokens · mean(y) mean(x)ᵀ, in place: what is left of the moments without the means. */
    private void subtractMeans(DoubleMatrix moments, DoubleMatrix left, DoubleMatrix right) {
        for (int i = 0; i < moments.rows(); i++) {
            double factor = tokens * left.get(0, i);
            for (int j = 0; j < moments.columns(); j++) {
                moments.set(i, j, moments.get(i, j) - factor * right.get(0, j));
            }
        }
    }

    @Override
    public void close() {
        opened.forEach(Moments::close);
    }
}
