package io.fastforward.search;

/**
 * The numbers of units that a module may have: the smallest, which may be none, every multiple of the step above it,
 * and all units. There can be tens of thousands, so they are counted and not listed.
 */
record Sizes(int smallest, int step, int whole) {

    /** Of a module that is not pruned. */
    static Sizes fixed(SiteCost module) {
        return new Sizes(module.units(), 1, module.units());
    }

    /**
     * Of a module that may be pruned.
     *
     * @param minimumRetention smallest share of its units; 0 if it may go altogether
     * @param widthMultiple what divides its number of features unless it is whole
     */
    static Sizes of(SiteCost module, double minimumRetention, int widthMultiple) {
        int step = widthMultiple / (int) greatestCommonDivisor(widthMultiple, module.featuresPerUnit());
        if (minimumRetention == 0) {
            return new Sizes(0, step, module.units());
        }
        // 10% of 30 units are 3, although 0.1 * 30 may be a little more in binary.
        int least = Math.max(1, (int) Math.ceil(minimumRetention * module.units() - 1e-9));
        return new Sizes((int) Math.min(module.units(), Math.ceilDiv((long) least, step) * step), step, module.units());
    }

    /** The next size above one that is not the whole module. */
    int above(int units) {
        return (int) Math.min(whole, (units / step + 1L) * step);
    }

    /** The largest size of at most some number of units; the smallest if there is none. */
    int atMost(int units) {
        return units >= whole ? whole : Math.max(smallest, units / step * step);
    }

    static long greatestCommonDivisor(long a, long b) {
        return b == 0 ? a : greatestCommonDivisor(b, a % b);
    }
}
