package io.fastforward.backend.tornado.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Causal grouped-query attention: one work-item for each token and query head, which goes over tiles of eight keys
 * with online softmax, so that no matrix of scores is ever in memory. Queries and results lie token by token for each
 * dimension, so that neighbouring work-items read neighbouring elements; keys and values are the same for all of them,
 * so their order matters little.
 */
public final class AttentionKernel {

    /** Keys of a tile: their scores fit the registers. */
    private static final int TILE = 8;

    private static final float LOWEST = -3.4028235e38f;

    private AttentionKernel() {}

    /**
     * The arguments.
     *
     * @param rows tokens of all sequences, and elements from one dimension of queries and result to the next
     * @param length new tokens of a sequence
     * @param firstPosition position of the first new token of every sequence
     * @param queries start of the queries, {@code heads · headSize × rows}
     * @param keys start of the keys, {@code tokens × keyHeads · headSize}: those of each sequence follow those of the one
     *     before
     * @param values start of the values, {@code tokens × keyHeads · valueSize}
     * @param result start of the result, {@code heads · valueSize × rows}
     * @param window latest positions that a token sees; 0: all
     * @param headsPerKey query head h belongs to key head h / headsPerKey mod keyHeads
     * @param valueSize dimensions of a value
     * @param byDimension 1 if values and result are ordered dimension by dimension, 0 if head by head
     */
    public record Sizes(
            int rows,
            int heads,
            int headSize,
            int length,
            int firstPosition,
            int queries,
            int keys,
            int values,
            int result,
            int window,
            int headsPerKey,
            int keyHeads,
            int valueSize,
            int byDimension) {}

    public static void launch(KernelExecutor executor, Sizes sizes) {
        executor.launch(
                Kernel.ATTENTION,
                sizes.rows,
                sizes.heads,
                sizes.rows,
                sizes.headSize,
                sizes.length,
                sizes.firstPosition,
                sizes.queries,
                sizes.keys,
                sizes.values,
                sizes.result,
                sizes.window,
                sizes.headsPerKey,
                sizes.keyHeads,
                sizes.heads,
                sizes.valueSize,
                sizes.byDimension);
    }

    public static void ffAttend(KernelContext context, FloatArray memory, IntArray sizes) {
        KernelExecutor.ffDone(context, sizes);
        int row = context.globalIdx;
        int head = context.globalIdy;
        int rows = sizes.get(0);
        if (row < rows && head < sizes.get(11)) {
            int headSize = sizes.get(1);
            int valueSize = sizes.get(12);
            int keyHeads = sizes.get(10);
            int keyHead = (head / sizes.get(9)) % keyHeads;
            int length = sizes.get(2);
            int position = sizes.get(3) + row % length;
            int firstKey = (row / length) * length;
            int keyRow = keyHeads * headSize;
            int valueRow = keyHeads * valueSize;
            int valueHead = valueSize;
            int valueStep = 1;
            int resultStep = rows;
            if (sizes.get(13) > 0) {
                valueHead = 1;
                valueStep = keyHeads;
                resultStep = sizes.get(11) * rows;
            }
            int keys = sizes.get(5) + firstKey * keyRow + keyHead * headSize;
            int values = sizes.get(6) + firstKey * valueRow + keyHead * valueHead;
            int query = sizes.get(4) + head * headSize * rows + row;
            int result = sizes.get(7) + head * valueHead * rows + row;
            int from = 0;
            if (sizes.get(8) > 0) {
                from = Math.max(0, position - sizes.get(8) + 1);
            }
            float scale = 1f / TornadoMath.sqrt((float) headSize);
            for (int i = 0; i < valueSize; i++) {
                memory.set(result + i * resultStep, 0f);
            }
            float maximum = LOWEST;
            float sum = 0f;
            for (int key = from; key <= position; key += TILE) {
                int r0 = key * keyRow;
                int r1 = Math.min(key + 1, position) * keyRow;
                int r2 = Math.min(key + 2, position) * keyRow;
                int r3 = Math.min(key + 3, position) * keyRow;
                int r4 = Math.min(key + 4, position) * keyRow;
                int r5 = Math.min(key + 5, position) * keyRow;
                int r6 = Math.min(key + 6, position) * keyRow;
                int r7 = Math.min(key + 7, position) * keyRow;
                float s0 = 0f;
                float s1 = 0f;
                float s2 = 0f;
                float s3 = 0f;
                float s4 = 0f;
                float s5 = 0f;
                float s6 = 0f;
                float s7 = 0f;
                for (int i = 0; i < headSize; i++) {
                    float q = memory.get(query + i * rows);
                    int k = keys + i;
                    s0 += q * memory.get(k + r0);
                    s1 += q * memory.get(k + r1);
                    s2 += q * memory.get(k + r2);
                    s3 += q * memory.get(k + r3);
                    s4 += q * memory.get(k + r4);
                    s5 += q * memory.get(k + r5);
                    s6 += q * memory.get(k + r6);
                    s7 += q * memory.get(k + r7);
                }
                s0 *= scale;
                s1 *= scale;
                s2 *= scale;
                s3 *= scale;
                s4 *= scale;
                s5 *= scale;
                s6 *= scale;
                s7 *= scale;
                // Keys after the last are copies of it: they cannot raise the maximum, and weigh nothing.
                float highest = TornadoMath.max(
                        TornadoMath.max(TornadoMath.max(s0, s1), TornadoMath.max(s2, s3)),
                        TornadoMath.max(TornadoMath.max(s4, s5), TornadoMath.max(s6, s7)));
                highest = TornadoMath.max(maximum, highest);
                float kept = TornadoMath.exp(maximum - highest);
                maximum = highest;
                float p0 = TornadoMath.exp(s0 - highest);
                float p1 = ffWeight(s1 - highest, key + 1, position);
                float p2 = ffWeight(s2 - highest, key + 2, position);
                float p3 = ffWeight(s3 - highest, key + 3, position);
                float p4 = ffWeight(s4 - highest, key + 4, position);
                float p5 = ffWeight(s5 - highest, key + 5, position);
                float p6 = ffWeight(s6 - highest, key + 6, position);
                float p7 = ffWeight(s7 - highest, key + 7, position);
                sum = sum * kept + (((p0 + p1) + (p2 + p3)) + ((p4 + p5) + (p6 + p7)));
                int v0 = key * valueRow;
                int v1 = Math.min(key + 1, position) * valueRow;
                int v2 = Math.min(key + 2, position) * valueRow;
                int v3 = Math.min(key + 3, position) * valueRow;
                int v4 = Math.min(key + 4, position) * valueRow;
                int v5 = Math.min(key + 5, position) * valueRow;
                int v6 = Math.min(key + 6, position) * valueRow;
                int v7 = Math.min(key + 7, position) * valueRow;
                for (int i = 0; i < valueSize; i++) {
                    int v = values + i * valueStep;
                    int target = result + i * resultStep;
                    float value = memory.get(target) * kept;
                    value += p0 * memory.get(v + v0);
                    value += p1 * memory.get(v + v1);
                    value += p2 * memory.get(v + v2);
                    value += p3 * memory.get(v + v3);
                    value += p4 * memory.get(v + v4);
                    value += p5 * memory.get(v + v5);
                    value += p6 * memory.get(v + v6);
                    value += p7 * memory.get(v + v7);
                    memory.set(target, value);
                }
            }
            for (int i = 0; i < valueSize; i++) {
                int target = result + i * resultStep;
                memory.set(target, memory.get(target) / sum);
            }
        }
    }

    private static float ffWeight(float distance, int key, int last) {
        float weight = 0f;
        if (key <= last) {
            weight = TornadoMath.exp(distance);
        }
        return weight;
    }
}
