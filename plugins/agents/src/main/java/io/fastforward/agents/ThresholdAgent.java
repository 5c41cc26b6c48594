package io.fastforward.agents;

import io.fastforward.spi.model.SearchSpace;
import io.fastforward.spi.model.Site;
import io.fastforward.spi.search.PolicyAgent;
import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Removes the units with the lowest scores of the whole model, whatever module they are of (An, Zhao, Yu, Tang, Wang:
 * Fluctuation-based Adaptive Structured Pruning for Large Language Models, FLAP, AAAI 2024, section 3.3). A unit counts with
 * its parameters, its score with nothing. Units go in ascending order until the sparsity is reached, but never the last one of
 * a site, nor more than the constraints leave it.
 *
 * <p>The last unit to go may be a large one, and what it overshoots the sparsity by is handed back: units that are gone, the
 * best ones first, as far as they fit. Otherwise the mapping from scores to policies would, to those modules that lack the
 * smallest share.
 *
 * <p>The proposal, made once, is the share of units that each site retains. The mapping {@code shift} makes exactly that policy
 * of it: at shift 0 every module is rounded to what it retains, all of it fits, and no further unit does. Where
 * widths are multiples of some number, it rounds to these.
 */
record ThresholdAgent(SearchSpace space) implements PolicyAgent {

    /** What stands in a saved state, where there is room for eight letters. */
    private static final String KIND = "thresh";

    /**
     * A unit that may go: the one behind those that stay if so many are retained.
     *
     * @param share of its site that is retained then
     */
    private record Unit(int site, int retained, double share, double score) {
        /** Of equal scores those go first that leave most of their site, so that equal sites lose alike. */
        static final Comparator<Unit> FIRST_TO_GO = Comparator.comparingDouble(Unit::score)
                .thenComparing(Comparator.comparingDouble(Unit::share).reversed())
                .thenComparingInt(Unit::site);
    }

    /** Retained units of every site, and what that removes. */
    private final class Removal {
        private final int[] retained =
                space.sites().stream().mapToInt(Site::units).toArray();
        private final double total = space.sites().stream()
                .mapToLong(site -> site.parameters(site.units()))
                .sum();
        private long removed;

        /** Whether a sparsity is met, be it that some parameters come back; the quotient is that of the budget. */
        boolean meets(double sparsity, long back) {
            return (removed - back) / total >= sparsity;
        }

        void remove(Unit unit) {
            retained[unit.site] = unit.retained;
            removed += cost(unit);
        }

        /** Hands a unit back if it is the next one of its site, and the sparsity is met without its removal. */
        void restore(Unit unit, double sparsity) {
            if (retained[unit.site] == unit.retained && meets(sparsity, cost(unit))) {
                retained[unit.site]++;
                removed -= cost(unit);
            }
        }

        private long cost(Unit unit) {
            return space.sites().get(unit.site).unitParameters();
        }

        double[] shares() {
            return IntStream.range(0, retained.length)
                    .mapToDouble(site -> (double) retained[site]
                            / Math.max(1, space.sites().get(site).units()))
                    .toArray();
        }
    }

    @Override
    public int batchSize() {
        return 1;
    }

    @Override
    public int episodeLimit() {
        return 1;
    }

    @Override
    public List<double[]> propose(int count, double sparsity) {
        double[] shares = best(sparsity);
        return Stream.generate(shares::clone).limit(count).toList();
    }

    @Override
    public void observe(List<Outcome> outcomes) {}

    @Override
    public double[] best(double sparsity) {
        List<Unit> units = IntStream.range(0, space.sites().size())
                .boxed()
                .flatMap(this::removable)
                .sorted(Unit.FIRST_TO_GO)
                .toList();
        Removal removal = new Removal();
        int gone = 0;
        while (gone < units.size() && !removal.meets(sparsity, 0)) {
            removal.remove(units.get(gone++));
        }
        units.subList(0, gone).reversed().forEach(unit -> removal.restore(unit, sparsity));
        return removal.shares();
    }

    private Stream<Unit> removable(int index) {
        Site site = space.sites().get(index);
        return IntStream.range(Math.max(1, site.minimumUnits()), site.units())
                .mapToObj(retained -> new Unit(
                        index,
                        retained,
                        (double) retained / site.units(),
                        site.unitScores().get(retained)));
    }

    @Override
    public byte[] save() {
        return SavedState.seal(KIND, space.sites().size(), ByteBuffer.allocate(0));
    }

    @Override
    public void restore(byte[] state) {
        SavedState.open(state, KIND, space.sites().size(), 0);
    }
}
