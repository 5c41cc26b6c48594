package io.fastforward.sparsifiers;

import java.util.Arrays;
import java.util.function.IntConsumer;

/** Finds the lowest scores of a group; of equal ones, the earlier. */
final class LowestScores {

    /** Up to here, looking for the lowest score again and again is faster than sorting. */
    private static final int SMALL_GROUP = 32;

    private LowestScores() {}

    /**
     * Finds so many of them.
     *
     * @param scores finite, from {@code from} on; undefined afterwards
     * @param found is told where they are in the group
     */
    static void find(double[] scores, int from, int size, int count, IntConsumer found) {
        if (size <= SMALL_GROUP) {
            findOneByOne(scores, from, size, count, found);
        } else if (count > 0) {
            findBySorting(Arrays.copyOfRange(scores, from, from + size), count, found);
        }
    }

    private static void findOneByOne(double[] scores, int from, int size, int count, IntConsumer found) {
        for (int k = 0; k < count; k++) {
            int lowest = from;
            for (int j = from + 1; j < from + size; j++) {
                if (scores[j] < scores[lowest]) {
                    lowest = j;
                }
            }
            scores[lowest] = Double.POSITIVE_INFINITY; // scores are finite, so it is not found again
            found.accept(lowest - from);
        }
    }

    private static void findBySorting(double[] scores, int count, IntConsumer found) {
        double[] sorted = scores.clone();
        Arrays.sort(sorted);
        double highest = sorted[count - 1];
        int equal = count; // of those with the highest score that is found
        for (int i = 0; sorted[i] < highest; i++) {
            equal--;
        }
        for (int j = 0; j < scores.length; j++) {
            if (scores[j] < highest || (scores[j] == highest && equal-- > 0)) {
                found.accept(j);
            }
        }
    }
}
