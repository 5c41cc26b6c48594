package io.fastforward.backend.tornado.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Causal grouped-query attention in tiles, after FlashAttention-2 (Dao, 2023): a group takes {@value #ROWS} tokens of a head
 * and goes over their keys, {@value #KEYS} at a time, with online softmax. Queries, keys and values come to local memory in
 * parts, read side by side; a work-item keeps 4 × 4 scores and 4 × 8 dimensions of the result in registers until the end.
 * Queries and results lie token by token, so that nothing has to be transposed before or after.
 */
public final class AttentionKernel {

    /** Tokens of a group. */
    static final int ROWS = 64;

    /** Keys of a tile. */
    static final int KEYS = 64;

    /** Dimensions of values that a group computes; for more, several groups work out the same scores. */
    static final int WIDTH = 128;

    /** Work-items of a group: 16 × 16. */
    static final int LANES = 256;

    private static final int SIDE = 16;

    /** Dimensions of queries and keys in local memory at a time. */
    private static final int DEPTH = 32;

    /** Values in local memory at a time. */
    private static final int VALUES = 32;

    /** From one dimension of queries, or keys, to the next: odd, so that a transposed store meets all banks. */
    private static final int STRIDE = ROWS + 1;

    private static final int KEY_PART = DEPTH * STRIDE;

    /** From the weights of a token to those of the next: rows of four work-items meet all banks. */
    private static final int WEIGHT_ROW = KEYS + 4;

    /** Rows, or values, that a work-item brings to local memory are so far apart. */
    private static final int ROW_STEP = LANES / DEPTH;

    private static final int VALUE_STEP = LANES / WIDTH;

    /** Work-items that share a token's softmax. */
    private static final int SHARE = LANES / ROWS;

    private static final int SUM = ROWS;
    private static final int KEPT = 2 * ROWS;
    private static final float LOWEST = -3.4028235e38f;

    /** Positions and windows may be added up. */
    private static final int MOST_POSITIONS = 1 << 30;

    private AttentionKernel() {}

    /**
     * The arguments.
     *
     * @param rows tokens of all sequences
     * @param headsPerKey query head h belongs to key head h / headsPerKey mod keyHeads
     * @param valueSize dimensions of a value
     * @param length new tokens of a sequence
     * @param firstPosition position of the first new token of every sequence
     * @param queries start of the queries, {@code rows × heads · headSize}
     * @param keys start of the keys, {@code tokens × keyHeads · headSize}: those of each sequence follow those of the one
     *     before
     * @param values start of the values, {@code tokens × keyHeads · valueSize}
     * @param result start of the result, {@code rows × heads · valueSize}
     * @param resultRow elements from one row of the result to the next
     * @param window latest positions that a token sees; 0: all
     * @param byDimension 1 if values and result are ordered dimension by dimension, 0 if head by head
     */
    public record Sizes(
            int rows,
            int heads,
            int keyHeads,
            int headsPerKey,
            int headSize,
            int valueSize,
            int length,
            int firstPosition,
            int queries,
            int keys,
            int values,
            int result,
            int resultRow,
            int window,
            int byDimension) {}

    public static void launch(KernelExecutor executor, Sizes sizes) {
        long tiles = (long) sizes.rows / sizes.length * Math.ceilDiv(sizes.length, ROWS);
        executor.launch(
                Kernel.ATTENTION,
                tiles * sizes.heads * Math.ceilDiv(sizes.valueSize, WIDTH) * LANES,
                1,
                sizes.heads,
                sizes.keyHeads,
                sizes.headsPerKey,
                sizes.headSize,
                sizes.valueSize,
                sizes.length,
                sizes.firstPosition,
                sizes.queries,
                sizes.keys,
                sizes.values,
                sizes.result,
                sizes.resultRow,
                Math.min(sizes.window, MOST_POSITIONS),
                sizes.byDimension);
    }

    public static void ffAttend(KernelContext context, FloatArray memory, IntArray sizes) {
        KernelExecutor.ffDone(context, sizes);
        float[] tile = context.allocateFloatLocalArray(2 * KEY_PART);
        float[] weights = context.allocateFloatLocalArray(ROWS * WEIGHT_ROW);
        float[] partial = context.allocateFloatLocalArray(LANES);
        float[] state = context.allocateFloatLocalArray(3 * ROWS); // of each token: maximum, sum, what is kept of both
        int lane = context.localIdx;
        int heads = sizes.get(0);
        int keyHeads = sizes.get(1);
        int headSize = sizes.get(3);
        int valueSize = sizes.get(4);
        int length = sizes.get(5);
        int window = sizes.get(12);
        int parts = (valueSize + WIDTH - 1) / WIDTH;
        int tiles = (length + ROWS - 1) / ROWS;
        int group = context.groupIdx;
        int firstDimension = group % parts * WIDTH;
        int head = group / parts % heads;
        int number = group / parts / heads;
        int sequence = number / tiles;
        int firstToken = (tiles - 1 - number % tiles) * ROWS; // those with the most keys begin first
        int lastToken = Math.min(firstToken + ROWS, length) - 1;
        int keyHead = head / sizes.get(2) % keyHeads;
        int firstPosition = sizes.get(6) + firstToken;
        int lastKey = sizes.get(6) + lastToken;
        int from = 0;
        if (window > 0) {
            from = Math.max(0, firstPosition - window + 1);
        }
        int queryRow = heads * headSize;
        int queries = sizes.get(7) + sequence * length * queryRow + head * headSize;
        int keyRow = keyHeads * headSize;
        int keys = sizes.get(8) + sequence * length * keyRow + keyHead * headSize;
        int valueRow = keyHeads * valueSize;
        int valueStep = 1;
        int values = sizes.get(9) + sequence * length * valueRow;
        if (sizes.get(13) > 0) {
            valueStep = keyHeads;
            values += keyHead;
        } else {
            values += keyHead * valueSize;
        }
        // What a work-item brings: a dimension of some queries and keys, a dimension of some values.
        int dimension = lane % DEPTH;
        int row = lane / DEPTH;
        int valueDimension = firstDimension + lane % WIDTH;
        int valueKey = lane / WIDTH;
        // What it computes: four tokens side by side, and keys or dimensions that are 16 apart.
        int across = lane % SIDE;
        int down = lane / SIDE * 4;
        boolean wide = valueSize - firstDimension > WIDTH / 2;
        // Its part of a token's softmax.
        int token = lane / SHARE;
        int share = lane % SHARE;
        int position = Math.min(firstPosition + token, lastKey);
        float scale = 1f / TornadoMath.sqrt((float) headSize);
        if (lane < ROWS) {
            state[lane] = LOWEST;
            state[SUM + lane] = 0f;
        }
        float o00 = 0f;
        float o01 = 0f;
        float o02 = 0f;
        float o03 = 0f;
        float o04 = 0f;
        float o05 = 0f;
        float o06 = 0f;
        float o07 = 0f;
        float o10 = 0f;
        float o11 = 0f;
        float o12 = 0f;
        float o13 = 0f;
        float o14 = 0f;
        float o15 = 0f;
        float o16 = 0f;
        float o17 = 0f;
        float o20 = 0f;
        float o21 = 0f;
        float o22 = 0f;
        float o23 = 0f;
        float o24 = 0f;
        float o25 = 0f;
        float o26 = 0f;
        float o27 = 0f;
        float o30 = 0f;
        float o31 = 0f;
        float o32 = 0f;
        float o33 = 0f;
        float o34 = 0f;
        float o35 = 0f;
        float o36 = 0f;
        float o37 = 0f;
        for (int key = from; key <= lastKey; key += KEYS) {
            float s00 = 0f;
            float s01 = 0f;
            float s02 = 0f;
            float s03 = 0f;
            float s10 = 0f;
            float s11 = 0f;
            float s12 = 0f;
            float s13 = 0f;
            float s20 = 0f;
            float s21 = 0f;
            float s22 = 0f;
            float s23 = 0f;
            float s30 = 0f;
            float s31 = 0f;
            float s32 = 0f;
            float s33 = 0f;
            for (int part = 0; part < headSize; part += DEPTH) {
                int at = Math.min(part + dimension, headSize - 1);
                float kept = 0f; // what is beyond the head counts for nothing
                if (part + dimension < headSize) {
                    kept = 1f;
                }
                float q0 = memory.get(queries + Math.min(firstToken + row, lastToken) * queryRow + at);
                float q1 = memory.get(queries + Math.min(firstToken + row + ROW_STEP, lastToken) * queryRow + at);
                float q2 = memory.get(queries + Math.min(firstToken + row + 2 * ROW_STEP, lastToken) * queryRow + at);
                float q3 = memory.get(queries + Math.min(firstToken + row + 3 * ROW_STEP, lastToken) * queryRow + at);
                float q4 = memory.get(queries + Math.min(firstToken + row + 4 * ROW_STEP, lastToken) * queryRow + at);
                float q5 = memory.get(queries + Math.min(firstToken + row + 5 * ROW_STEP, lastToken) * queryRow + at);
                float q6 = memory.get(queries + Math.min(firstToken + row + 6 * ROW_STEP, lastToken) * queryRow + at);
                float q7 = memory.get(queries + Math.min(firstToken + row + 7 * ROW_STEP, lastToken) * queryRow + at);
                float k0 = memory.get(keys + Math.min(key + row, lastKey) * keyRow + at);
                float k1 = memory.get(keys + Math.min(key + row + ROW_STEP, lastKey) * keyRow + at);
                float k2 = memory.get(keys + Math.min(key + row + 2 * ROW_STEP, lastKey) * keyRow + at);
                float k3 = memory.get(keys + Math.min(key + row + 3 * ROW_STEP, lastKey) * keyRow + at);
                float k4 = memory.get(keys + Math.min(key + row + 4 * ROW_STEP, lastKey) * keyRow + at);
                float k5 = memory.get(keys + Math.min(key + row + 5 * ROW_STEP, lastKey) * keyRow + at);
                float k6 = memory.get(keys + Math.min(key + row + 6 * ROW_STEP, lastKey) * keyRow + at);
                float k7 = memory.get(keys + Math.min(key + row + 7 * ROW_STEP, lastKey) * keyRow + at);
                context.localBarrier();
                int target = dimension * STRIDE + row;
                tile[target] = ffKept(q0, kept);
                tile[target + ROW_STEP] = ffKept(q1, kept);
                tile[target + 2 * ROW_STEP] = ffKept(q2, kept);
                tile[target + 3 * ROW_STEP] = ffKept(q3, kept);
                tile[target + 4 * ROW_STEP] = ffKept(q4, kept);
                tile[target + 5 * ROW_STEP] = ffKept(q5, kept);
                tile[target + 6 * ROW_STEP] = ffKept(q6, kept);
                tile[target + 7 * ROW_STEP] = ffKept(q7, kept);
                tile[KEY_PART + target] = ffKept(k0, kept);
                tile[KEY_PART + target + ROW_STEP] = ffKept(k1, kept);
                tile[KEY_PART + target + 2 * ROW_STEP] = ffKept(k2, kept);
                tile[KEY_PART + target + 3 * ROW_STEP] = ffKept(k3, kept);
                tile[KEY_PART + target + 4 * ROW_STEP] = ffKept(k4, kept);
                tile[KEY_PART + target + 5 * ROW_STEP] = ffKept(k5, kept);
                tile[KEY_PART + target + 6 * ROW_STEP] = ffKept(k6, kept);
                tile[KEY_PART + target + 7 * ROW_STEP] = ffKept(k7, kept);
                context.localBarrier();
                for (int i = 0; i < DEPTH; i++) {
                    int a = i * STRIDE + down;
                    int b = KEY_PART + i * STRIDE + across;
                    float a0 = tile[a];
                    float a1 = tile[a + 1];
                    float a2 = tile[a + 2];
                    float a3 = tile[a + 3];
                    float b0 = tile[b];
                    float b1 = tile[b + SIDE];
                    float b2 = tile[b + 2 * SIDE];
                    float b3 = tile[b + 3 * SIDE];
                    s00 += a0 * b0;
                    s01 += a0 * b1;
                    s02 += a0 * b2;
                    s03 += a0 * b3;
                    s10 += a1 * b0;
                    s11 += a1 * b1;
                    s12 += a1 * b2;
                    s13 += a1 * b3;
                    s20 += a2 * b0;
                    s21 += a2 * b1;
                    s22 += a2 * b2;
                    s23 += a2 * b3;
                    s30 += a3 * b0;
                    s31 += a3 * b1;
                    s32 += a3 * b2;
                    s33 += a3 * b3;
                }
            }
            int score = down * WEIGHT_ROW + across;
            weights[score] = s00 * scale;
            weights[score + SIDE] = s01 * scale;
            weights[score + 2 * SIDE] = s02 * scale;
            weights[score + 3 * SIDE] = s03 * scale;
            weights[score + WEIGHT_ROW] = s10 * scale;
            weights[score + WEIGHT_ROW + SIDE] = s11 * scale;
            weights[score + WEIGHT_ROW + 2 * SIDE] = s12 * scale;
            weights[score + WEIGHT_ROW + 3 * SIDE] = s13 * scale;
            weights[score + 2 * WEIGHT_ROW] = s20 * scale;
            weights[score + 2 * WEIGHT_ROW + SIDE] = s21 * scale;
            weights[score + 2 * WEIGHT_ROW + 2 * SIDE] = s22 * scale;
            weights[score + 2 * WEIGHT_ROW + 3 * SIDE] = s23 * scale;
            weights[score + 3 * WEIGHT_ROW] = s30 * scale;
            weights[score + 3 * WEIGHT_ROW + SIDE] = s31 * scale;
            weights[score + 3 * WEIGHT_ROW + 2 * SIDE] = s32 * scale;
            weights[score + 3 * WEIGHT_ROW + 3 * SIDE] = s33 * scale;
            context.localBarrier();
            int lowest = key;
            if (window > 0) {
                lowest = Math.max(key, position - window + 1);
            }
            float highest = LOWEST;
            for (int i = share; i < KEYS; i += SHARE) {
                if (key + i <= position && key + i >= lowest) {
                    highest = TornadoMath.max(highest, weights[token * WEIGHT_ROW + i]);
                }
            }
            partial[lane] = highest;
            context.localBarrier();
            float before = state[token];
            int shares = token * SHARE;
            highest = TornadoMath.max(
                    before,
                    TornadoMath.max(
                            TornadoMath.max(partial[shares], partial[shares + 1]),
                            TornadoMath.max(partial[shares + 2], partial[shares + 3])));
            float sum = 0f;
            for (int i = share; i < KEYS; i += SHARE) {
                float weight = 0f;
                if (key + i <= position && key + i >= lowest) {
                    weight = TornadoMath.exp(weights[token * WEIGHT_ROW + i] - highest);
                }
                sum += weight;
                weights[token * WEIGHT_ROW + i] = weight;
            }
            context.localBarrier();
            partial[lane] = sum;
            context.localBarrier();
            if (share == 0) {
                float kept = TornadoMath.exp(before - highest);
                state[token] = highest;
                state[KEPT + token] = kept;
                state[SUM + token] = state[SUM + token] * kept
                        + ((partial[lane] + partial[lane + 1]) + (partial[lane + 2] + partial[lane + 3]));
            }
            context.localBarrier();
            float kept0 = state[KEPT + down];
            float kept1 = state[KEPT + down + 1];
            float kept2 = state[KEPT + down + 2];
            float kept3 = state[KEPT + down + 3];
            o00 *= kept0;
            o01 *= kept0;
            o02 *= kept0;
            o03 *= kept0;
            o04 *= kept0;
            o05 *= kept0;
            o06 *= kept0;
            o07 *= kept0;
            o10 *= kept1;
            o11 *= kept1;
            o12 *= kept1;
            o13 *= kept1;
            o14 *= kept1;
            o15 *= kept1;
            o16 *= kept1;
            o17 *= kept1;
            o20 *= kept2;
            o21 *= kept2;
            o22 *= kept2;
            o23 *= kept2;
            o24 *= kept2;
            o25 *= kept2;
            o26 *= kept2;
            o27 *= kept2;
            o30 *= kept3;
            o31 *= kept3;
            o32 *= kept3;
            o33 *= kept3;
            o34 *= kept3;
            o35 *= kept3;
            o36 *= kept3;
            o37 *= kept3;
            // Where every token sees every key, no key has to be looked at.
            boolean all = key + KEYS - 1 <= firstPosition && (window == 0 || key > lastKey - window);
            for (int some = 0; some < KEYS; some += VALUES) {
                int at = values + Math.min(valueDimension, valueSize - 1) * valueStep;
                float v0 = memory.get(at + Math.min(key + some + valueKey, lastKey) * valueRow);
                float v1 = memory.get(at + Math.min(key + some + valueKey + VALUE_STEP, lastKey) * valueRow);
                float v2 = memory.get(at + Math.min(key + some + valueKey + 2 * VALUE_STEP, lastKey) * valueRow);
                float v3 = memory.get(at + Math.min(key + some + valueKey + 3 * VALUE_STEP, lastKey) * valueRow);
                float v4 = memory.get(at + Math.min(key + some + valueKey + 4 * VALUE_STEP, lastKey) * valueRow);
                float v5 = memory.get(at + Math.min(key + some + valueKey + 5 * VALUE_STEP, lastKey) * valueRow);
                float v6 = memory.get(at + Math.min(key + some + valueKey + 6 * VALUE_STEP, lastKey) * valueRow);
                float v7 = memory.get(at + Math.min(key + some + valueKey + 7 * VALUE_STEP, lastKey) * valueRow);
                float v8 = memory.get(at + Math.min(key + some + valueKey + 8 * VALUE_STEP, lastKey) * valueRow);
                float v9 = memory.get(at + Math.min(key + some + valueKey + 9 * VALUE_STEP, lastKey) * valueRow);
                float v10 = memory.get(at + Math.min(key + some + valueKey + 10 * VALUE_STEP, lastKey) * valueRow);
                float v11 = memory.get(at + Math.min(key + some + valueKey + 11 * VALUE_STEP, lastKey) * valueRow);
                float v12 = memory.get(at + Math.min(key + some + valueKey + 12 * VALUE_STEP, lastKey) * valueRow);
                float v13 = memory.get(at + Math.min(key + some + valueKey + 13 * VALUE_STEP, lastKey) * valueRow);
                float v14 = memory.get(at + Math.min(key + some + valueKey + 14 * VALUE_STEP, lastKey) * valueRow);
                float v15 = memory.get(at + Math.min(key + some + valueKey + 15 * VALUE_STEP, lastKey) * valueRow);
                context.localBarrier();
                tile[lane] = v0;
                tile[lane + LANES] = v1;
                tile[lane + 2 * LANES] = v2;
                tile[lane + 3 * LANES] = v3;
                tile[lane + 4 * LANES] = v4;
                tile[lane + 5 * LANES] = v5;
                tile[lane + 6 * LANES] = v6;
                tile[lane + 7 * LANES] = v7;
                tile[lane + 8 * LANES] = v8;
                tile[lane + 9 * LANES] = v9;
                tile[lane + 10 * LANES] = v10;
                tile[lane + 11 * LANES] = v11;
                tile[lane + 12 * LANES] = v12;
                tile[lane + 13 * LANES] = v13;
                tile[lane + 14 * LANES] = v14;
                tile[lane + 15 * LANES] = v15;
                context.localBarrier();
                for (int i = 0; i < VALUES; i++) {
                    int a = down * WEIGHT_ROW + some + i;
                    int b = i * WIDTH + across;
                    float a0 = weights[a];
                    float a1 = weights[a + WEIGHT_ROW];
                    float a2 = weights[a + 2 * WEIGHT_ROW];
                    float a3 = weights[a + 3 * WEIGHT_ROW];
                    float b0 = tile[b];
                    float b1 = tile[b + SIDE];
                    float b2 = tile[b + 2 * SIDE];
                    float b3 = tile[b + 3 * SIDE];
                    int seen = key + some + i - firstPosition - down; // the first of the four tokens that sees it
                    int last = KEYS + VALUES; // the last of them
                    if (window > 0) {
                        last = seen + window - 1;
                    }
                    if (all) {
                        seen = 0;
                        last = 3;
                    }
                    if (seen <= 0 && last >= 0) {
                        o00 += a0 * b0;
                        o01 += a0 * b1;
                        o02 += a0 * b2;
                        o03 += a0 * b3;
                    }
                    if (seen <= 1 && last >= 1) {
                        o10 += a1 * b0;
                        o11 += a1 * b1;
                        o12 += a1 * b2;
                        o13 += a1 * b3;
                    }
                    if (seen <= 2 && last >= 2) {
                        o20 += a2 * b0;
                        o21 += a2 * b1;
                        o22 += a2 * b2;
                        o23 += a2 * b3;
                    }
                    if (seen <= 3 && last >= 3) {
                        o30 += a3 * b0;
                        o31 += a3 * b1;
                        o32 += a3 * b2;
                        o33 += a3 * b3;
                    }
                    if (wide) {
                        b0 = tile[b + 4 * SIDE];
                        b1 = tile[b + 5 * SIDE];
                        b2 = tile[b + 6 * SIDE];
                        b3 = tile[b + 7 * SIDE];
                        if (seen <= 0 && last >= 0) {
                            o04 += a0 * b0;
                            o05 += a0 * b1;
                            o06 += a0 * b2;
                            o07 += a0 * b3;
                        }
                        if (seen <= 1 && last >= 1) {
                            o14 += a1 * b0;
                            o15 += a1 * b1;
                            o16 += a1 * b2;
                            o17 += a1 * b3;
                        }
                        if (seen <= 2 && last >= 2) {
                            o24 += a2 * b0;
                            o25 += a2 * b1;
                            o26 += a2 * b2;
                            o27 += a2 * b3;
                        }
                        if (seen <= 3 && last >= 3) {
                            o34 += a3 * b0;
                            o35 += a3 * b1;
                            o36 += a3 * b2;
                            o37 += a3 * b3;
                        }
                    }
                }
            }
        }
        int step = 1;
        int result = sizes.get(10) + (sequence * length + firstToken + down) * sizes.get(11);
        if (sizes.get(13) > 0) {
            step = heads;
            result += head;
        } else {
            result += head * valueSize;
        }
        if (firstToken + down + 0 <= lastToken) {
            float sum = state[SUM + down + 0];
            int target = result + 0 * sizes.get(11);
            int first = firstDimension + across;
            ffStore(memory, target, first + 0 * SIDE, valueSize, step, o00 / sum);
            ffStore(memory, target, first + 1 * SIDE, valueSize, step, o01 / sum);
            ffStore(memory, target, first + 2 * SIDE, valueSize, step, o02 / sum);
            ffStore(memory, target, first + 3 * SIDE, valueSize, step, o03 / sum);
            ffStore(memory, target, first + 4 * SIDE, valueSize, step, o04 / sum);
            ffStore(memory, target, first + 5 * SIDE, valueSize, step, o05 / sum);
            ffStore(memory, target, first + 6 * SIDE, valueSize, step, o06 / sum);
            ffStore(memory, target, first + 7 * SIDE, valueSize, step, o07 / sum);
        }
        if (firstToken + down + 1 <= lastToken) {
            float sum = state[SUM + down + 1];
            int target = result + 1 * sizes.get(11);
            int first = firstDimension + across;
            ffStore(memory, target, first + 0 * SIDE, valueSize, step, o10 / sum);
            ffStore(memory, target, first + 1 * SIDE, valueSize, step, o11 / sum);
            ffStore(memory, target, first + 2 * SIDE, valueSize, step, o12 / sum);
            ffStore(memory, target, first + 3 * SIDE, valueSize, step, o13 / sum);
            ffStore(memory, target, first + 4 * SIDE, valueSize, step, o14 / sum);
            ffStore(memory, target, first + 5 * SIDE, valueSize, step, o15 / sum);
            ffStore(memory, target, first + 6 * SIDE, valueSize, step, o16 / sum);
            ffStore(memory, target, first + 7 * SIDE, valueSize, step, o17 / sum);
        }
        if (firstToken + down + 2 <= lastToken) {
            float sum = state[SUM + down + 2];
            int target = result + 2 * sizes.get(11);
            int first = firstDimension + across;
            ffStore(memory, target, first + 0 * SIDE, valueSize, step, o20 / sum);
            ffStore(memory, target, first + 1 * SIDE, valueSize, step, o21 / sum);
            ffStore(memory, target, first + 2 * SIDE, valueSize, step, o22 / sum);
            ffStore(memory, target, first + 3 * SIDE, valueSize, step, o23 / sum);
            ffStore(memory, target, first + 4 * SIDE, valueSize, step, o24 / sum);
            ffStore(memory, target, first + 5 * SIDE, valueSize, step, o25 / sum);
            ffStore(memory, target, first + 6 * SIDE, valueSize, step, o26 / sum);
            ffStore(memory, target, first + 7 * SIDE, valueSize, step, o27 / sum);
        }
        if (firstToken + down + 3 <= lastToken) {
            float sum = state[SUM + down + 3];
            int target = result + 3 * sizes.get(11);
            int first = firstDimension + across;
            ffStore(memory, target, first + 0 * SIDE, valueSize, step, o30 / sum);
            ffStore(memory, target, first + 1 * SIDE, valueSize, step, o31 / sum);
            ffStore(memory, target, first + 2 * SIDE, valueSize, step, o32 / sum);
            ffStore(memory, target, first + 3 * SIDE, valueSize, step, o33 / sum);
            ffStore(memory, target, first + 4 * SIDE, valueSize, step, o34 / sum);
            ffStore(memory, target, first + 5 * SIDE, valueSize, step, o35 / sum);
            ffStore(memory, target, first + 6 * SIDE, valueSize, step, o36 / sum);
            ffStore(memory, target, first + 7 * SIDE, valueSize, step, o37 / sum);
        }
    }

    /** Also of what is not a number nothing is left. */
    private static float ffKept(float value, float kept) {
        float result = 0f;
        if (kept > 0f) {
            result = value;
        }
        return result;
    }

    private static void ffStore(FloatArray memory, int target, int dimension, int valueSize, int step, float value) {
        if (dimension < valueSize) {
            memory.set(target + dimension * step, value);
        }
    }
}
