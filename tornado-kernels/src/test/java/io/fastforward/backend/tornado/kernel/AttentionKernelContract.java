package io.fastforward.backend.tornado.kernel;

import io.fastforward.backend.tornado.kernel.Block.Order;
import java.util.Arrays;
import java.util.Comparator;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Causal attention with grouped queries, tokens that are there already, and windows. */
abstract class AttentionKernelContract extends KernelContract {

    AttentionKernelContract(KernelFixture fixture) {
        super(fixture);
    }

    /** Tokens: new ones of each sequence, and how many there are before them. */
    record Tokens(int sequences, int length, int first) {

        int rows() {
            return sequences * length;
        }

        int position(int row) {
            return first + row % length;
        }

        /** The row of keys that belongs to position 0. */
        int firstKey(int row) {
            return row / length * length;
        }
    }

    /** Heads: which key head a query head belongs to is head / headsPerKey mod keyHeads. */
    record Heads(int count, int headsPerKey, int keyHeads, int size, int valueSize, boolean byDimension) {

        /** With values as wide as keys, head by head. */
        Heads(int count, int headsPerKey, int keyHeads, int size) {
            this(count, headsPerKey, keyHeads, size, size, false);
        }

        int keyHead(int head) {
            return head / headsPerKey % keyHeads;
        }

        int valueColumn(int head, int dimension) {
            return byDimension ? dimension * keyHeads + keyHead(head) : keyHead(head) * valueSize + dimension;
        }

        int feature(int head, int dimension) {
            return byDimension ? dimension * count + head : head * valueSize + dimension;
        }
    }

    record Case(Tokens tokens, Heads heads, int window) {

        IntStream visible(int row) {
            int position = tokens.position(row);
            return IntStream.rangeClosed(window == 0 ? 0 : Math.max(0, position - window + 1), position);
        }
    }

    static Stream<Case> attentions() {
        Heads groups = new Heads(6, 3, 2, 5);
        return Stream.of(
                        IntStream.of(1, 7, 8, 9, 33).mapToObj(n -> new Case(new Tokens(3, n, 0), groups, 0)),
                        IntStream.of(1, 7, 8, 9, 33).mapToObj(n -> new Case(new Tokens(1, 1, n), groups, 0)),
                        IntStream.of(1, 7, 8, 9, 33).mapToObj(n -> new Case(new Tokens(1, n, 13), groups, 0)),
                        IntStream.of(1, 7, 8, 9, 33).mapToObj(n -> new Case(new Tokens(2, 34, 0), groups, n)),
                        IntStream.of(1, 7, 8, 9, 33).mapToObj(n -> new Case(new Tokens(1, 3, 32), groups, n)),
                        Stream.of(
                                        new Heads(1, 1, 1, 1),
                                        new Heads(3, 3, 1, 6),
                                        new Heads(2, 1, 2, 64),
                                        // Units that are query heads.
                                        new Heads(4, 1, 2, 3),
                                        // Narrower values, head by head and dimension by dimension.
                                        new Heads(6, 3, 2, 5, 3, false),
                                        new Heads(6, 3, 2, 5, 3, true),
                                        new Heads(4, 1, 2, 3, 1, false),
                                        new Heads(4, 2, 2, 7, 1, true),
                                        new Heads(3, 3, 1, 6, 6, true))
                                .map(heads -> new Case(new Tokens(2, 17, 0), heads, 0)),
                        Stream.of(new Case(new Tokens(1, 130, 0), new Heads(1, 1, 1, 2), 0)),
                        // Around tiles of 64 tokens and keys, and of 32, 64 and 128 dimensions.
                        IntStream.of(63, 64, 65, 130).mapToObj(n -> new Case(new Tokens(2, n, 0), groups, 0)),
                        IntStream.of(63, 64, 65, 127).mapToObj(n -> new Case(new Tokens(1, 3, n), groups, 0)),
                        IntStream.of(1, 63, 64, 65, 100, Integer.MAX_VALUE)
                                .mapToObj(n -> new Case(new Tokens(1, 150, 5), new Heads(2, 2, 1, 3), n)),
                        IntStream.of(31, 32, 33, 65, 128, 129)
                                .mapToObj(n -> new Case(new Tokens(1, 5, 62), new Heads(2, 1, 2, n), 0)),
                        IntStream.of(64, 65, 140)
                                .mapToObj(n -> new Case(new Tokens(1, 66, 0), new Heads(2, 2, 1, 141, n, true), 30)))
                .flatMap(cases -> cases);
    }

    @ParameterizedTest
    @MethodSource("attentions")
    void averagesValues(Case test) {
        new Attention(image(), test, 1).checkAgainstReference();
    }

    /** Scores of up to some thousands: weights from 1 down to what is too small for single precision. */
    @ParameterizedTest
    @ValueSource(floats = {4, 20, 80})
    void survivesLargeScores(float scale) {
        Case test = new Case(new Tokens(2, 33, 0), new Heads(2, 2, 1, 16), 0);
        new Attention(image(), test, scale).checkAgainstReference();
    }

    /** Scores of 2¹²¹ and -2¹²¹: the greatest ones share all the weight, wherever they are. */
    @Test
    void survivesScoresNearTheGreatestNumber() {
        Case test = new Case(new Tokens(1, 40, 0), new Heads(1, 1, 1, 4), 0);
        Attention attention = new Attention(image(), test, 1);
        for (float[] query : attention.queries) {
            Arrays.fill(query, 0x1p60f);
        }
        for (int key = 0; key < 40; key++) {
            Arrays.fill(attention.keys[key], isGreatest(key) ? 0x1p60f : -0x1p60f);
        }
        attention.check((row, head) -> {
            int[] seen = test.visible(row).toArray();
            int[] greatest = Arrays.stream(seen)
                    .filter(AttentionKernelContract::isGreatest)
                    .toArray();
            int[] sharing = greatest.length == 0 ? seen : greatest;
            return dimension -> Approximation.sum(Arrays.stream(sharing)
                            .mapToObj(key -> Approximation.exactly(attention.values[key][dimension])))
                    .dividedBy(Approximation.exactly(sharing.length));
        });
    }

    private static boolean isGreatest(int key) {
        return key == 6 || key == 13 || key == 29;
    }

    /** Nothing of a token is seen before it, after its window, or by other heads and sequences. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 5, 9})
    void whatIsNotANumberStaysWhereItIsSeen(int window) {
        Case test = new Case(new Tokens(2, 20, 0), new Heads(4, 2, 2, 3), window);
        Attention attention = new Attention(image(), test, 1);
        attention.keys[5][1] = Float.NaN; // first sequence, first key head
        attention.values[20 + 12][4] = Float.NaN; // second sequence, second key head
        attention.queries[2][3 * 3 + 2] = Float.NaN; // first sequence, last head
        attention.checkAgainstReference();
    }

    /** What becomes of the dimensions of a head for a token. */
    @FunctionalInterface
    private interface HeadReference {
        IntFunction<Approximation> at(int row, int head);
    }

    /** An attention with random numbers, which may be changed before it is checked. */
    private static final class Attention {

        private final MemoryImage image;
        private final Case test;
        private final float[][] queries;
        private final float[][] keys;
        private final float[][] values;

        private Attention(MemoryImage image, Case test, float scale) {
            this.image = image;
            this.test = test;
            int stored = test.tokens.first + test.tokens.rows();
            int keyWidth = test.heads.keyHeads * test.heads.size;
            int valueWidth = test.heads.keyHeads * test.heads.valueSize;
            this.queries = image.random(test.tokens.rows(), test.heads.count * test.heads.size);
            this.keys = image.random(stored, keyWidth);
            this.values = image.random(stored, valueWidth);
            scale(queries, scale);
            scale(keys, scale);
        }

        private static void scale(float[][] rows, float scale) {
            for (float[] row : rows) {
                for (int i = 0; i < row.length; i++) {
                    row[i] *= scale;
                }
            }
        }

        private void checkAgainstReference() {
            check(this::average);
        }

        private void check(HeadReference reference) {
            Heads heads = test.heads;
            Tokens tokens = test.tokens;
            Block q = image.input("queries", queries, Order.DENSE);
            Block k = image.input("keys", keys, Order.DENSE);
            Block v = image.input("values", values, Order.DENSE);
            int features = heads.count * heads.valueSize;
            Block result = image.output("result", tokens.rows(), features, Order.ROWS);
            for (int row = 0; row < tokens.rows(); row++) {
                for (int head = 0; head < heads.count; head++) {
                    IntFunction<Approximation> expected = reference.at(row, head);
                    for (int i = 0; i < heads.valueSize; i++) {
                        image.expect(result, row, heads.feature(head, i), expected.apply(i));
                    }
                }
            }
            image.check(executor -> launch(executor, q, k, v, result));
        }

        private void launch(KernelExecutor executor, Block q, Block k, Block v, Block result) {
            Heads heads = test.heads;
            Tokens tokens = test.tokens;
            AttentionKernel.launch(
                    executor,
                    new AttentionKernel.Sizes(
                            tokens.rows(),
                            heads.count,
                            heads.keyHeads,
                            heads.headsPerKey,
                            heads.size,
                            heads.valueSize,
                            tokens.length,
                            tokens.first,
                            q.start(),
                            k.start(),
                            v.start(),
                            result.start(),
                            result.rowStride(),
                            test.window,
                            heads.byDimension ? 1 : 0));
        }

        private IntFunction<Approximation> average(int row, int head) {
            Heads heads = test.heads;
            int keyColumn = heads.keyHead(head) * heads.size;
            int[] seen = test.visible(row)
                    .map(position -> test.tokens.firstKey(row) + position)
                    .toArray();
            Approximation scale = Approximation.exactly(1)
                    .dividedBy(Approximation.exactly(heads.size).squareRoot());
            Approximation[] scores = Arrays.stream(seen)
                    .mapToObj(key -> Approximation.sum(IntStream.range(0, heads.size)
                                    .mapToObj(i -> Approximation.exactly(queries[row][head * heads.size + i])
                                            .times(Approximation.exactly(keys[key][keyColumn + i]))))
                            .times(scale))
                    .toArray(Approximation[]::new);
            Approximation greatest = Arrays.stream(scores)
                    .max(Comparator.comparingDouble(Approximation::value))
                    .orElseThrow();
            // A weight relative to the greatest score so far is scaled for every later tile, with an exponential of up
            // to 6u and a product. The arguments of all these add up to the distance from the greatest score. What a
            // token sees may begin within a tile, so there is one tile more than it fills, and that is the first.
            int laterTiles = Math.ceilDiv(seen.length, AttentionKernel.KEYS);
            Approximation[] weights = Arrays.stream(scores)
                    .map(score -> score.minus(greatest).exponential().rounded(7 * laterTiles))
                    .toArray(Approximation[]::new);
            Approximation total = Approximation.sum(Arrays.stream(weights));
            return dimension -> Approximation.sum(IntStream.range(0, seen.length)
                            .mapToObj(j -> weights[j].times(
                                    Approximation.exactly(values[seen[j]][heads.valueColumn(head, dimension)]))))
                    .dividedBy(total);
        }
    }
}
