package io.fastforward.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.spi.model.Policy;
import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RaceTest {

    private static final int WINDOWS = 64;
    private static final Policy DENSE = new Policy(List.of(6, 64));

    private static final SearchSettings SETTINGS =
            new SearchSettings(1, 3, 0.4, new ShiftMapping(), Schedule.DEFAULT, 16, 8, WINDOWS, 8, true, true);

    /** Losses that a test plants: {@code candidates × windows}, the dense model's are 2. */
    private record Planted(double[][] losses, List<TrialBatch> calls) implements TrialExecutor {

        static Planted of(double[][] losses) {
            return new Planted(losses, new ArrayList<>());
        }

        @Override
        public List<Result> execute(TrialBatch batch) {
            calls.add(batch);
            return batch.candidates().stream()
                    .map(candidate -> new Result(
                            batch.windows().stream()
                                    .map(window -> candidate.equals(DENSE)
                                            ? 2.0
                                            : losses[candidate.retained().getLast()][window])
                                    .toList(),
                            batch.windows().size()))
                    .toList();
        }

        List<Policy> policies() {
            return IntStream.range(0, losses.length)
                    .mapToObj(i -> new Policy(List.of(1, i)))
                    .toList();
        }

        List<Race.Standing> race(boolean drops) {
            Evaluations evaluations = new Evaluations(SETTINGS, DENSE, this, Reward.PERPLEXITY_RATIO);
            return new Race(evaluations, WINDOWS, drops, (round, left, windows, all) -> {}).run(policies());
        }

        @Override
        public void close() {}
    }

    /** Windows differ by much more than candidates, as texts do; each candidate has a noise of its own besides. */
    private static double[][] noisy(long seed, int candidates, double spread, double noise) {
        SplittableRandom random = new SplittableRandom(seed);
        double[] windows = random.doubles(WINDOWS).map(value -> 2 + value).toArray();
        double[][] losses = new double[candidates][WINDOWS];
        for (double[] own : losses) {
            double better = spread * random.nextDouble();
            for (int window = 0; window < WINDOWS; window++) {
                own[window] = windows[window] + better + noise * random.nextGaussian();
            }
        }
        return losses;
    }

    private static int best(double[][] losses) {
        return IntStream.range(0, losses.length)
                .boxed()
                .min(Comparator.comparingDouble(i -> IntStream.range(0, WINDOWS)
                        .mapToDouble(window -> losses[i][window])
                        .sum()))
                .orElseThrow();
    }

    @Test
    void neverDropsWhoWouldWinOnAllWindows() {
        int evaluated = 0;
        for (int seed = 0; seed < 300; seed++) {
            double[][] losses = noisy(seed, 8, 0.2, 0.05);
            Planted planted = Planted.of(losses);
            Race.Standing first = planted.race(true).getFirst();
            double[] winner = losses[first.policy().retained().getLast()];
            double[] best = losses[best(losses)];
            double behind = IntStream.range(0, WINDOWS)
                    .mapToDouble(window -> (winner[window] - best[window]) / WINDOWS)
                    .sum();
            // Another one may win only where the race says that it makes no difference.
            assertThat(behind).as("seed %d", seed).isLessThan(Race.ALIKE);
            evaluated += planted.calls().stream()
                    .mapToInt(call -> call.candidates().size() * call.windows().size())
                    .sum();
        }
        assertThat(evaluated / 300).isLessThan(6 * 9 * WINDOWS / 10);
    }

    @Test
    void whoIsFarBehindIsDroppedAfterTheFirstRound() {
        double[][] losses = noisy(1, 3, 0, 0.0001);
        losses[1] = IntStream.range(0, WINDOWS)
                .mapToDouble(window -> losses[0][window] + 0.1)
                .toArray();
        losses[2] = IntStream.range(0, WINDOWS)
                .mapToDouble(window -> losses[0][window] + 0.2)
                .toArray();
        Planted planted = Planted.of(losses);
        List<Race.Standing> standings = planted.race(true);
        assertThat(planted.calls()).hasSize(1);
        assertThat(standings.stream().map(Race.Standing::policy)).containsExactlyElementsOf(planted.policies());
        assertThat(standings).allMatch(standing -> standing.windows() == Race.FIRST && standing.denseLoss() == 2);
    }

    @Test
    void goesOnOnlyAsLongAsThereIsADifferenceToBeFound() {
        Planted alike = Planted.of(noisy(2, 4, 0, 0.00002));
        assertThat(alike.race(true)).allMatch(standing -> standing.windows() == Race.FIRST);
        Planted hard = Planted.of(noisy(3, 4, 0, 0.1));
        List<Race.Standing> standings = hard.race(true);
        assertThat(standings.getFirst().windows()).isEqualTo(WINDOWS);
        // Each window once for each candidate.
        assertThat(hard.calls().stream().flatMap(call -> call.windows().stream()))
                .doesNotHaveDuplicates()
                .hasSize(WINDOWS);
    }

    @Test
    void whoBreaksIsLastAndAllMayBreak() {
        double[][] losses = noisy(4, 3, 0, 0.1);
        losses[0][2] = Double.NaN;
        losses[1][60] = Double.POSITIVE_INFINITY;
        List<Race.Standing> standings = Planted.of(losses).race(true);
        assertThat(standings.getFirst().policy().retained().getLast()).isEqualTo(2);
        assertThat(standings.getLast().policy().retained().getLast()).isZero();
        assertThat(standings.getLast().reward()).isEqualTo(Reward.BROKEN);
        double[][] broken = {
            IntStream.range(0, WINDOWS).mapToDouble(window -> Double.NaN).toArray()
        };
        assertThat(Planted.of(broken).race(true).getFirst().loss()).isNaN();
    }

    @Test
    void withoutDroppingAllAreComparedOnAllWindows() {
        double[][] losses = noisy(5, 5, 0.2, 0.05);
        Planted planted = Planted.of(losses);
        List<Race.Standing> standings = planted.race(false);
        assertThat(planted.calls()).hasSize(1);
        assertThat(standings).allMatch(standing -> standing.windows() == WINDOWS);
        assertThat(standings.getFirst().policy().retained().getLast()).isEqualTo(best(losses));
        assertThat(standings.getFirst().loss())
                .isCloseTo(
                        IntStream.range(0, WINDOWS)
                                .mapToDouble(window -> losses[best(losses)][window])
                                .average()
                                .orElseThrow(),
                        within(1e-12));
    }
}
