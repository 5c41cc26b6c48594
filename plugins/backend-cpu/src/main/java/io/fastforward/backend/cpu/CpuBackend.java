package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.FloatView;
import io.fastforward.backend.cpu.algebra.MatrixProducts;
import io.fastforward.backend.cpu.algebra.Tiling;
import io.fastforward.backend.cpu.kernel.RowKernels;
import io.fastforward.spi.backend.BatchShape;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.HostMemory;
import io.fastforward.spi.backend.KeyValueCache;
import io.fastforward.spi.backend.LoadedHead;
import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.backend.Moments;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.HeadWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.tensor.Matrix;

/**
 * The fast backend. Every operation is cut into {@link Tiling tiles} of tokens and weights, whose size does not depend
 * on the number of threads; each thread computes whole tiles with products that use no other thread, and vectorised Java.
 *
 * <p>Weights are held until their module is closed, in single precision unless it is opened for another one. Scratch memory is
 * used again from call to call until the backend is closed: for at most 4096 rows (or one sequence, if that is longer) the
 * normalised hidden states and the queries, keys and values; for each thread at most 1024 × 2048 numbers, 1024 × 1024
 * numbers, and 1024 rows of hidden width for the vocabulary. A model of 1.1 billion parameters (hidden 2048) needs 75 MiB,
 * and 20 for a thread. In bfloat16, the rounded rows of the widest map come to that (44 MiB for 5632 features), and less than
 * 1 MiB for a thread.
 */
final class CpuBackend implements ComputeBackend {

    private final CpuResources cpu;
    private final AttentionFeatures attentionFeatures;
    private final MlpFeatures mlpFeatures;
    private final VocabularyLogits vocabularyLogits;

    CpuBackend(MatrixProducts products, RowKernels kernels, int threads) {
        this(products, new SingleMaps(products), kernels, threads);
    }

    /**
     * Multiplies linear maps in some precision.
     *
     * @param maps closed with the backend
     */
    CpuBackend(MatrixProducts products, MapProducts maps, RowKernels kernels, int threads) {
        cpu = CpuResources.create(products, maps, kernels, threads);
        attentionFeatures = new AttentionFeatures(cpu);
        mlpFeatures = new MlpFeatures(cpu);
        vocabularyLogits = new VocabularyLogits(cpu);
    }

    @Override
    public String device() {
        String maps = cpu.maps().description();
        return cpu.products().description() + (maps.isEmpty() ? "" : "; " + maps) + "; "
                + cpu.kernels().description();
    }

    @Override
    public Precision precision() {
        return cpu.maps().precision();
    }

    @Override
    public int bytesPerWeight() {
        return cpu.maps().bytesPerWeight();
    }

    @Override
    public boolean computesInHostMemory() {
        return true;
    }

    @Override
    public DeviceMatrix allocate(int rows, int columns) {
        return allocate(rows, columns, HostMemory.ANONYMOUS);
    }

    @Override
    public DeviceMatrix allocate(int rows, int columns, HostMemory memory) {
        return CpuMatrix.allocate(rows, columns, memory);
    }

    @Override
    public void write(Matrix source, DeviceMatrix target, int firstRow) {
        cpu.widen(source, CpuMatrix.view(target).at(firstRow, 0));
    }

    @Override
    public void read(DeviceMatrix source, int firstRow, Matrix target) {
        FloatView rows = CpuMatrix.view(source).at(firstRow, 0);
        for (int row = 0; row < target.rows(); row++) {
            rows.at(row, 0).copyTo(target.data(), row * target.rowStride(), target.columns());
        }
    }

    @Override
    public LoadedModule load(ModuleSpec spec, ModuleWeights weights) {
        return CpuModule.load(cpu, spec, weights);
    }

    @Override
    public void replace(LoadedModule module, MapRole role, Linear map) {
        ((CpuModule) module).replace(cpu, role, map);
    }

    @Override
    public void input(LoadedModule module, int rows, DeviceMatrix hidden, DeviceMatrix target) {
        cpu.input(((CpuModule) module).norm(), CpuMatrix.view(hidden), CpuMatrix.view(target), rows);
    }

    @Override
    public void features(LoadedModule module, int units, BatchShape batch, DeviceMatrix hidden, DeviceMatrix features) {
        var loaded = (CpuModule) module;
        FloatView x = CpuMatrix.view(hidden);
        FloatView y = CpuMatrix.view(features);
        switch (loaded.spec()) {
            case AttentionSpec spec -> attentionFeatures.compute(loaded, spec, units, batch, x, y);
            case MlpSpec spec -> mlpFeatures.compute(loaded, spec, units, batch.rows(), x, y);
        }
    }

    @Override
    public KeyValueCache keyValueCache(LoadedModule attention, int units, int capacity) {
        return new CpuKeyValueCache((CpuModule) attention, units, capacity);
    }

    @Override
    public void nextFeatures(KeyValueCache cache, int rows, DeviceMatrix hidden, DeviceMatrix features) {
        attentionFeatures.computeNext((CpuKeyValueCache) cache, rows, CpuMatrix.view(hidden), CpuMatrix.view(features));
    }

    @Override
    public void project(LoadedModule module, int units, int rows, DeviceMatrix features, DeviceMatrix hidden) {
        var loaded = (CpuModule) module;
        CpuMap output = loaded.output();
        int inputs = loaded.spec().features(units);
        FloatView x = CpuMatrix.view(features);
        FloatView y = CpuMatrix.view(hidden);
        int width = hidden.columns();
        for (int start = 0; start < rows; ) {
            int first = start;
            int chunk = Math.min(cpu.maps().mostRows(), rows - start);
            MapInput input = output.weight().input(cpu, x.at(first, 0), chunk, inputs);
            cpu.pool()
                    .forTiles(
                            Tiling.of(chunk, width, output.weight().block()),
                            chunk,
                            width,
                            (row, count, column, columns, worker) -> output.apply(
                                    cpu,
                                    input.from(row),
                                    count,
                                    inputs,
                                    column,
                                    columns,
                                    1,
                                    y.at(first + row, column),
                                    worker));
            start += chunk;
        }
        cpu.normalizeResult(loaded.norm(), y, rows);
    }

    @Override
    public LoadedHead loadHead(HeadWeights weights) {
        return CpuHead.load(cpu, weights);
    }

    @Override
    public void logLikelihood(LoadedHead head, DeviceMatrix hidden, int[] targets, double[] result) {
        vocabularyLogits.logLikelihood((CpuHead) head, CpuMatrix.view(hidden), targets, result);
    }

    @Override
    public void logits(LoadedHead head, DeviceMatrix hidden, int firstRow, Matrix result) {
        vocabularyLogits.logits((CpuHead) head, CpuMatrix.view(hidden).at(firstRow, 0), result);
    }

    @Override
    public Moments moments(Moment kind, int leftWidth, int rightWidth) {
        return moments(kind, leftWidth, rightWidth, HostMemory.ANONYMOUS);
    }

    @Override
    public Moments moments(Moment kind, int leftWidth, int rightWidth, HostMemory memory) {
        return new CpuMoments(cpu, kind, leftWidth, rightWidth, memory);
    }

    @Override
    public void close() {
        cpu.close();
    }
}
