package io.fastforward.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.fastforward.backend.cpu.algebra.FloatView;
import io.fastforward.backend.cpu.algebra.Tiling;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;

/**
 * Logits and what follows from them, by tiles of tokens and panels of the vocabulary. Of the likelihood's logits only
 * one tile a thread exists at a time: each leaves its maximum and its sum of exponentials, which are put together at
 * the end (as in Milakov and Gimelshein, Online normalizer calculation for softmax, 2018).
 *
 * @param cpu what it works with
 */
record VocabularyLogits(CpuResources cpu) {

    private static final int CHUNK_ROWS = 2048;
    private static final int LARGEST_PANEL = 1024;

    void logLikelihood(CpuHead head, FloatView hidden, int[] targets, double[] result) {
        int[] rows = IntStream.range(0, targets.length)
                .filter(row -> targets[row] >= 0)
                .toArray();
        for (int row = 0; row < targets.length; row++) {
            result[row] = 0;
        }
        for (int start = 0; start < rows.length; start += CHUNK_ROWS) {
            int count = Math.min(CHUNK_ROWS, rows.length - start);
            logLikelihoodOfChunk(head, hidden, rows, start, count, targets, result);
        }
    }

    private void logLikelihoodOfChunk(
            CpuHead head, FloatView hidden, int[] rows, int start, int count, int[] targets, double[] result) {
        MapInput x = head.input(cpu, gather(head, hidden, rows, start, count), count);
        Tiling tiling = tiling(count, head);
        int panels = Math.ceilDiv(head.vocabulary(), tiling.columns());
        var maxima = new float[panels][count];
        var sums = new double[panels][count];
        var targetLogits = new float[count];
        cpu.pool().forTiles(tiling, count, head.vocabulary(), (row, tileRows, token, tokens, worker) -> {
            FloatView logits = cpu.second()[worker].matrix(tileRows, tokens);
            logits(head, x.from(row), tileRows, token, tokens, logits, worker);
            int panel = token / tiling.columns();
            for (int i = 0; i < tileRows; i++) {
                float maximum = cpu.kernels().finiteMaximum(logits.data(), logits.index(i), tokens);
                maxima[panel][row + i] = maximum;
                sums[panel][row + i] = cpu.kernels().sumOfExponentials(logits.data(), logits.index(i), tokens, maximum);
                int target = targets[rows[start + row + i]] - token;
                if (target >= 0 && target < tokens) {
                    targetLogits[row + i] = logits.data().getAtIndex(JAVA_FLOAT, logits.index(i) + target);
                }
            }
        });
        for (int i = 0; i < count; i++) {
            result[rows[start + i]] = targetLogits[i] - logSum(maxima, sums, i);
        }
    }

    private static Tiling tiling(int rows, CpuHead head) {
        Tiling tiling = Tiling.of(rows, head.vocabulary(), head.block());
        return new Tiling(tiling.rows(), Math.min(tiling.columns(), LARGEST_PANEL));
    }

    /** The logarithm of the sum of exponentials, from the maxima and sums of all panels. */
    private static double logSum(float[][] maxima, double[][] sums, int row) {
        float maximum = Float.NEGATIVE_INFINITY;
        for (float[] panel : maxima) {
            maximum = Math.max(maximum, panel[row]);
        }
        double sum = 0;
        for (int panel = 0; panel < maxima.length; panel++) {
            sum += sums[panel][row] * Math.exp((double) maxima[panel][row] - maximum);
        }
        return maximum + Math.log(sum);
    }

    void logits(CpuHead head, FloatView hidden, Matrix result) {
        int vocabulary = head.vocabulary();
        for (int start = 0; start < result.rows(); start += CHUNK_ROWS) {
            int first = start;
            int count = Math.min(CHUNK_ROWS, result.rows() - start);
            FloatView normalized = cpu.normalize(head.norm(), hidden.at(start, 0), count, head.hiddenSize());
            MapInput x = head.input(cpu, normalized, count);
            cpu.pool().forTiles(tiling(count, head), count, vocabulary, (row, rows, token, tokens, worker) -> {
                FloatView tile = cpu.second()[worker].matrix(rows, tokens);
                logits(head, x.from(row), rows, token, tokens, tile, worker);
                for (int i = 0; i < rows; i++) {
                    long target = (first + row + i) * result.rowStride() + token;
                    tile.at(i, 0).copyTo(result.data(), target, tokens);
                }
            });
        }
    }

    /** The normalised hidden states of the rows that have a target. */
    private FloatView gather(CpuHead head, FloatView hidden, int[] rows, int start, int count) {
        FloatView target = cpu.normalized().matrix(count, head.hiddenSize());
        cpu.forRows(count, (row, tileRows) -> {
            for (int i = row; i < row + tileRows; i++) {
                head.norm().apply(cpu.kernels(), hidden.at(rows[start + i], 0), target.at(i, 0));
            }
        });
        return target;
    }

    private void logits(CpuHead head, MapInput x, int rows, int token, int tokens, FloatView logits, int worker) {
        head.multiply(cpu, x, rows, token, tokens, logits, worker);
        MemorySegment bias = head.bias();
        if (bias != null) {
            for (int i = 0; i < rows; i++) {
                cpu.kernels().add(bias, token, logits.data(), logits.index(i), tokens);
            }
        }
    }
}
