package io.fastforward.backend.tornado.device;

import io.fastforward.backend.tornado.device.DeviceGraphs.Graph;
import io.fastforward.backend.tornado.device.DeviceGraphs.Work;
import io.fastforward.backend.tornado.kernel.Kernel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Launches that follow each other in every layer of a decoder, as one graph: an execution costs 0.07 to 0.09 ms, a further
 * task a fifth of it. Each task of each graph compiles by itself, so there are as few as serve the usual modules; products
 * are in a sequence if their weights are in one array.
 */
final class LaunchSequences {

    private final Map<List<Graph>, Graph> sequences;
    private final int longest;

    /** @param sequences the graph for launches that follow each other, each with a graph of its own */
    LaunchSequences(Map<List<Graph>, Graph> sequences) {
        this.sequences = Map.copyOf(sequences);
        this.longest = sequences.keySet().stream().mapToInt(List::size).max().orElse(1);
    }

    /** A launch by itself: its graph, how many work-items, and its sizes. */
    record Launch(Graph graph, long x, long y, int[] sizes) {}

    /** A launch by itself, and what it does in a sequence. */
    record Part(Graph graph, Work work) {}

    /**
     * Those of a decoder, added to a plan.
     *
     * @param kernels all kernels
     * @param products with each array of weights
     */
    static LaunchSequences of(DeviceGraphs graphs, Map<Kernel, Part> kernels, List<Part> products) {
        Part norm = kernels.get(Kernel.NORMALIZATION);
        Part rotation = kernels.get(Kernel.ROTARY);
        Part attention = kernels.get(Kernel.ATTENTION);
        Part activation = kernels.get(Kernel.ACTIVATION);
        if (norm == null || rotation == null || attention == null || activation == null) {
            throw new IllegalStateException("there are kernels without a graph");
        }
        Map<List<Graph>, Graph> sequences = new HashMap<>();
        add(sequences, graphs, "attend", List.of(rotation, rotation, attention));
        for (int i = 0; i < products.size(); i++) {
            Part product = products.get(i);
            add(sequences, graphs, "project" + i, List.of(norm, product, product, product));
            add(sequences, graphs, "gate" + i, List.of(norm, product, product));
            add(sequences, graphs, "raise" + i, List.of(norm, product));
            add(sequences, graphs, "attendAndOutput" + i, List.of(rotation, rotation, attention, product));
            add(sequences, graphs, "attendUnturned" + i, List.of(attention, product));
            add(sequences, graphs, "activate" + i, List.of(activation, product));
        }
        return new LaunchSequences(sequences);
    }

    private static void add(Map<List<Graph>, Graph> sequences, DeviceGraphs graphs, String name, List<Part> parts) {
        sequences.put(
                parts.stream().map(Part::graph).toList(),
                graphs.sequence(name, parts.stream().map(Part::work).toList()));
    }

    /** Hands launches on, in order, as few graphs as there are sequences for: from each the longest that fits. */
    void play(List<Launch> launches, BiConsumer<Graph, List<Launch>> execution) {
        for (int first = 0; first < launches.size(); ) {
            int count = Math.min(longest, launches.size() - first);
            while (count > 1 && sequence(launches.subList(first, first + count)) == null) {
                count--;
            }
            List<Launch> some = new ArrayList<>(launches.subList(first, first + count));
            @Nullable Graph sequence = count > 1 ? sequence(some) : null;
            execution.accept(sequence == null ? some.getFirst().graph : sequence, some);
            first += count;
        }
    }

    private @Nullable Graph sequence(List<Launch> launches) {
        return sequences.get(launches.stream().map(Launch::graph).toList());
    }
}
