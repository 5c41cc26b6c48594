package io.fastforward.backend.cpu;

import io.fastforward.spi.backend.BatchShape;
import io.fastforward.spi.backend.Moments;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.HeadWeights;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.MemorySegment;

/**
 * The fast backend. Every operation is cut into {@link Tiling tiles} of tokens and weights, whose size does not depend
 * on the number of threads; each thread computes whole tiles with single-threaded OpenBLAS and vectorised Java.
 *
 * <p>Weights are held in single precision until their module is closed. Scratch memory is used again from call to call
 * until the backend is closed: for at most 4096 rows (or one sequence, if that is longer) the normalised hidden states
 * and the queries, keys and values; for each thread at most 1024 × 2048 numbers, 1024 × 1024 numbers, and 1024 rows of
 * hidden width for the vocabulary. A model of 1.1 billion parameters (hidden 2048) needs 75 MiB, and 20 for a thread.
 */
final class CpuBackend extends HostBackend {

    private final CpuResources cpu;
    private final AttentionFeatures attentionFeatures;
    private final MlpFeatures mlpFeatures;
    private final VocabularyLogits vocabularyLogits;

    CpuBackend(OpenBlas blas, RowKernels kernels, int threads) {
        cpu = CpuResources.create(blas, kernels, threads);
        attentionFeatures = new AttentionFeatures(cpu);
        mlpFeatures = new MlpFeatures(cpu);
        vocabularyLogits = new VocabularyLogits(cpu);
    }

    @Override
    public String device() {
        return cpu.blas().description() + "; " + cpu.kernels().description();
    }

    @Override
    HostModule loadChecked(ModuleSpec spec, ModuleWeights weights) {
        return new CpuModule(this, cpu, spec, weights);
    }

    @Override
    HostHead loadCheckedHead(HeadWeights weights) {
        return new CpuHead(this, cpu, weights);
    }

    @Override
    Moments newMoments(Moment kind, int leftWidth, int rightWidth) {
        return new CpuMoments(this, cpu, kind, leftWidth, rightWidth);
    }

    @Override
    void computeFeatures(HostModule module, int units, BatchShape batch, HostMatrix hidden, HostMatrix features) {
        var loaded = (CpuModule) module;
        switch (loaded.spec()) {
            case AttentionSpec spec ->
                attentionFeatures.compute(loaded, spec, units, batch, FloatView.of(hidden), FloatView.of(features));
            case MlpSpec spec ->
                mlpFeatures.compute(loaded, spec, units, batch.rows(), FloatView.of(hidden), FloatView.of(features));
        }
    }

    @Override
    void computeProjection(HostModule module, int units, int rows, HostMatrix features, HostMatrix hidden) {
        var loaded = (CpuModule) module;
        CpuMap output = loaded.output();
        int width = module.spec().features(units);
        FloatView x = FloatView.of(features);
        FloatView y = FloatView.of(hidden);
        cpu.pool()
                .forTiles(
                        Tiling.of(rows, hidden.columns(), 1),
                        rows,
                        hidden.columns(),
                        (row, count, column, columns, worker) ->
                                output.apply(cpu, x.at(row, 0), count, width, column, columns, 1, y.at(row, column)));
        cpu.normalizeResult(loaded.norm(), y, rows);
    }

    @Override
    HostKeyValueCache newKeyValueCache(HostModule attention, AttentionSpec spec, int units, int capacity) {
        return new CpuKeyValueCache(this, attention, spec, units, capacity);
    }

    @Override
    void computeNextFeatures(
            HostModule module,
            AttentionSpec spec,
            HostKeyValueCache cache,
            int rows,
            HostMatrix hidden,
            HostMatrix features) {
        attentionFeatures.computeNext(
                (CpuModule) module, spec, (CpuKeyValueCache) cache, rows, FloatView.of(hidden), FloatView.of(features));
    }

    @Override
    void computeLogLikelihood(HostHead head, HostMatrix hidden, int[] targets, double[] result) {
        vocabularyLogits.logLikelihood((CpuHead) head, FloatView.of(hidden), targets, result);
    }

    @Override
    void computeLogits(HostHead head, HostMatrix hidden, int firstRow, Matrix result) {
        vocabularyLogits.logits((CpuHead) head, FloatView.of(hidden).at(firstRow, 0), result);
    }

    @Override
    void widen(Matrix source, MemorySegment target, long firstElement) {
        WeightLoader.widen(cpu, source, new FloatView(target, firstElement, source.columns()));
    }

    @Override
    public void close() {
        if (isOpen()) {
            super.close();
            cpu.close();
        }
    }
}
