package io.fastforward.backend.tornado.kernel;

import io.fastforward.backend.tornado.kernel.Block.Order;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Log-sum-exp of logits that come panel by panel. */
abstract class LikelihoodKernelContract extends KernelContract {

    LikelihoodKernelContract(KernelFixture fixture) {
        super(fixture);
    }

    /** Tokens of the vocabulary in each panel. */
    record Case(int rows, List<Integer> panels) {

        int vocabulary() {
            return panels.stream().mapToInt(Integer::intValue).sum();
        }
    }

    static Stream<Case> panels() {
        return Stream.of(
                new Case(1, List.of(1)),
                new Case(2, List.of(63)),
                new Case(3, List.of(64)),
                new Case(3, List.of(65)),
                new Case(4, List.of(131, 17)),
                new Case(5, List.of(5, 5, 1)),
                new Case(6, List.of(1, 70, 64, 3)));
    }

    @ParameterizedTest
    @MethodSource("panels")
    void sumsUpExponentials(Case test) {
        MemoryImage image = image();
        float[][] logits = image.random(test.rows, test.vocabulary());
        for (float[] row : logits) {
            for (int i = 0; i < row.length; i++) {
                row[i] *= 30;
            }
        }
        check(image, test, logits);
    }

    /** The greatest logit so far changes with every panel, or with none. */
    @Test
    void survivesHugeLogits() {
        MemoryImage image = image();
        Case test = new Case(5, List.of(3, 66, 2));
        float[][] logits = image.random(test.rows, test.vocabulary());
        for (int i = 0; i < test.vocabulary(); i++) {
            logits[0][i] = (i < 3 ? -1 : i < 69 ? 0 : 1) * Float.MAX_VALUE;
            logits[1][i] = (i < 3 ? 1 : i < 69 ? 0 : -1) * Float.MAX_VALUE;
            logits[2][i] = -Float.MAX_VALUE;
            logits[3][i] = Float.MAX_VALUE;
            logits[4][i] += 50 * (i / 3);
        }
        check(image, test, logits);
    }

    @Test
    void countsWhatIsNotFinite() {
        MemoryImage image = image();
        Case test = new Case(5, List.of(66, 5, 65));
        float[][] logits = image.random(test.rows, test.vocabulary());
        logits[0][65] = Float.NaN;
        logits[1][67] = Float.POSITIVE_INFINITY;
        logits[1][1] = Float.NEGATIVE_INFINITY;
        Arrays.fill(logits[2], 0, 66, Float.NaN); // a whole panel
        Arrays.fill(logits[3], Float.NaN); // nothing finite at all
        check(image, test, logits);
    }

    private static void check(MemoryImage image, Case test, float[][] logits) {
        List<Block> blocks = new ArrayList<>();
        int firstToken = 0;
        for (int count : test.panels) {
            int from = firstToken;
            float[][] panel = Arrays.stream(logits)
                    .map(row -> Arrays.copyOfRange(row, from, from + count))
                    .toArray(float[][]::new);
            blocks.add(image.input("logits from " + from, panel, Order.DENSE));
            firstToken += count;
        }
        float[][] wanted = new float[1][test.rows];
        for (int row = 0; row < test.rows; row++) {
            // The first and the last token, others between them, and none, as for the first token of a sequence.
            wanted[0][row] =
                    row == test.rows - 1 && row > 0 ? -1 : row * (test.vocabulary() - 1) / Math.max(1, test.rows - 2);
        }
        Block targets = image.input("targets", wanted, Order.DENSE);
        Block state = image.output("state", test.rows, LikelihoodKernel.STATE, Order.DENSE);
        for (int row = 0; row < test.rows; row++) {
            int target = (int) wanted[0][row];
            float[] finite = finite(logits[row]);
            float greatest = IntStream.range(0, finite.length)
                    .mapToObj(i -> finite[i])
                    .max(Float::compare)
                    .orElse(-Float.MAX_VALUE);
            image.expect(state, row, 0, Approximation.exactly(greatest));
            image.expect(state, row, 1, exponentials(finite, greatest, test.panels.size()));
            if (target >= 0) {
                image.expect(state, row, 2, Approximation.exactly(logits[row][target]));
            }
            image.expect(state, row, 3, Approximation.exactly(logits[row].length - finite.length));
        }
        image.check(executor -> {
            int token = 0;
            for (Block panel : blocks) {
                LikelihoodKernel.launch(
                        executor,
                        new LikelihoodKernel.Sizes(
                                test.rows, panel.columns(), panel.start(), token, targets.start(), state.start()));
                token += panel.columns();
            }
        });
    }

    private static float[] finite(float[] logits) {
        float[] finite = new float[logits.length];
        int count = 0;
        for (float logit : logits) {
            if (Float.isFinite(logit)) {
                finite[count++] = logit;
            }
        }
        return Arrays.copyOf(finite, count);
    }

    private static Approximation exponentials(float[] logits, float greatest, int panels) {
        // Relative to the greatest of its panel, then scaled for its own panel and each later one with an exponential
        // of
        // up to 6u and a product, and added once more. The arguments add up to the distance from the greatest logit.
        return Approximation.sum(IntStream.range(0, logits.length)
                .mapToObj(i -> Approximation.exactly(logits[i])
                        .minus(Approximation.exactly(greatest))
                        .exponential()
                        .rounded(8 * panels)));
    }
}
