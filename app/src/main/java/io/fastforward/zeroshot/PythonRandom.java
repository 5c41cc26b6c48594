package io.fastforward.zeroshot;

import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Python's {@code random.Random}, of which the harness draws its examples: the Mersenne Twister MT19937 of Matsumoto and
 * Nishimura (1998), seeded by {@code init_by_array} with one word, and {@code sample} of Python 3.11 and later. Used by
 * one thread at a time.
 */
final class PythonRandom {

    private static final int SIZE = 624;
    private static final int MIDDLE = 397;
    private static final int UPPER = 0x80000000;
    private static final int LOWER = 0x7fffffff;

    private final int[] state = new int[SIZE];
    private int next = SIZE;

    /** @param seed as in {@code Random(seed)}; not negative */
    PythonRandom(int seed) {
        initialize(19650218);
        int i = 1;
        for (int round = 0; round < SIZE; round++) {
            state[i] = (state[i] ^ mixed(state[i - 1]) * 1664525) + seed; // the key has one word, at index 0
            i = following(i);
        }
        for (int round = 1; round < SIZE; round++) {
            state[i] = (state[i] ^ mixed(state[i - 1]) * 1566083941) - i;
            i = following(i);
        }
        state[0] = UPPER;
    }

    private void initialize(int seed) {
        state[0] = seed;
        for (int i = 1; i < SIZE; i++) {
            state[i] = 1812433253 * mixed(state[i - 1]) + i;
        }
    }

    private static int mixed(int word) {
        return word ^ (word >>> 30);
    }

    private int following(int i) {
        if (i + 1 < SIZE) {
            return i + 1;
        }
        state[0] = state[SIZE - 1];
        return 1;
    }

    /**
     * Different indexes, as {@code sample(range(population), count)} draws them.
     *
     * @param count from 0 to the population
     */
    int[] sample(int population, int count) {
        return population <= poolLimit(count) ? fromPool(population, count) : fromSet(population, count);
    }

    /** Up to which size Python thinks a list smaller than a set. */
    private static long poolLimit(int count) {
        return count <= 5 ? 21 : 21 + (long) Math.pow(4, Math.ceil(Math.log(count * 3.0) / Math.log(4)));
    }

    private int[] fromPool(int population, int count) {
        int[] pool = IntStream.range(0, population).toArray();
        int[] drawn = new int[count];
        for (int i = 0; i < count; i++) {
            int j = below(population - i);
            drawn[i] = pool[j];
            pool[j] = pool[population - i - 1];
        }
        return drawn;
    }

    private int[] fromSet(int population, int count) {
        Set<Integer> seen = new HashSet<>();
        int[] drawn = new int[count];
        for (int i = 0; i < count; i++) {
            int index = below(population);
            while (!seen.add(index)) {
                index = below(population);
            }
            drawn[i] = index;
        }
        return drawn;
    }

    /** A number from 0 on, by throwing away what is too large, as {@code _randbelow} does. */
    private int below(int limit) {
        int bits = Integer.SIZE - Integer.numberOfLeadingZeros(limit);
        int value = word() >>> (Integer.SIZE - bits);
        while (value >= limit) {
            value = word() >>> (Integer.SIZE - bits);
        }
        return value;
    }

    private int word() {
        if (next == SIZE) {
            twist();
            next = 0;
        }
        int word = state[next++];
        word ^= word >>> 11;
        word ^= (word << 7) & 0x9d2c5680;
        word ^= (word << 15) & 0xefc60000;
        return word ^ (word >>> 18);
    }

    private void twist() {
        for (int i = 0; i < SIZE; i++) {
            int joined = (state[i] & UPPER) | (state[(i + 1) % SIZE] & LOWER);
            int twisted = joined >>> 1 ^ ((joined & 1) == 0 ? 0 : 0x9908b0df);
            state[i] = state[(i + MIDDLE) % SIZE] ^ twisted;
        }
    }
}
