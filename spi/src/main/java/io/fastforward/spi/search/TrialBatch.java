package io.fastforward.spi.search;

import io.fastforward.spi.model.Policy;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Candidates that are evaluated alike, so that their losses can be compared. A candidate's losses depend on nothing
 * but itself, the windows and the {@link Workload}, so a batch may be cut up and its parts evaluated anywhere. Candidates
 * that agree on leading layers share what it takes to compute these, if they stay together.
 *
 * @param windows on which windows of the workload, by their number from 0, at least one
 * @param candidates what is evaluated, at least one, in the order of the results
 */
public record TrialBatch(List<Integer> windows, List<Policy> candidates) implements Serializable {

    public TrialBatch {
        windows = List.copyOf(windows);
        candidates = List.copyOf(candidates);
        if (candidates.isEmpty() || windows.isEmpty()) {
            throw new IllegalArgumentException("a batch needs a candidate and a window, but has " + candidates.size()
                    + " candidates and " + windows.size() + " windows");
        }
    }

    /**
     * Some candidates of a batch.
     *
     * @param places where they stand in the whole batch
     * @param batch of them alone, in this order
     */
    public record Part(List<Integer> places, TrialBatch batch) {

        public Part {
            places = List.copyOf(places);
        }
    }

    /**
     * Cuts it into parts of as many candidates each, as far as that goes. Those that agree on leading layers stay together, since
     * they share what it takes to compute these.
     *
     * @param count how many parts, at least 1; fewer if there are not so many candidates
     */
    public List<Part> parts(int count) {
        List<Integer> alike = IntStream.range(0, candidates.size())
                .boxed()
                .sorted(Comparator.comparing(
                        place -> candidates.get(place).retained().toArray(Integer[]::new), Arrays::compare))
                .toList();
        int size = candidates.size();
        int parts = Math.min(count, size);
        return IntStream.range(0, parts)
                .mapToObj(part -> alike.subList(part * size / parts, (part + 1) * size / parts))
                .map(places -> new Part(
                        places,
                        new TrialBatch(
                                windows, places.stream().map(candidates::get).toList())))
                .toList();
    }
}
