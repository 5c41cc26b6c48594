package io.fastforward.run.stage;

import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.Workload;
import io.fastforward.tokenizer.TokenWindows;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * The windows that trials are evaluated on. A batch of fewer windows than full fidelity has gets a seeded choice of them; one
 * of more gets the additional ones too.
 *
 * @param windows all of them
 * @param fullFidelity how many of them, the first ones, the search proper has
 */
public record RewardWindows(TokenWindows windows, int fullFidelity) {

    /** Those of a workload. */
    public static RewardWindows of(Workload.Windows windows) {
        return new RewardWindows(
                new TokenWindows(windows.length(), windows.tokens().length / windows.length(), windows.tokens()),
                windows.fullFidelity());
    }

    /** Those of a batch. */
    TokenWindows choose(TrialBatch batch) {
        int count = batch.windows();
        int[] indexes = IntStream.range(0, Math.max(count, fullFidelity)).toArray();
        if (count < fullFidelity) {
            shuffle(indexes, batch.windowSeed());
        }
        return windows.subset(IntStream.of(indexes).limit(count).sorted().toArray());
    }

    private static void shuffle(int[] values, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = values.length - 1; i > 0; i--) {
            int other = random.nextInt(i + 1);
            int swapped = values[i];
            values[i] = values[other];
            values[other] = swapped;
        }
    }
}
