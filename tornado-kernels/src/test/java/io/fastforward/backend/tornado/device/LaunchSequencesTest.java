package io.fastforward.backend.tornado.device;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.backend.tornado.device.DeviceGraphs.Graph;
import io.fastforward.backend.tornado.device.LaunchSequences.Launch;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Launches go together where they follow each other as expected, and in their order in any case. */
class LaunchSequencesTest {

    private final Graph a = graph("a");
    private final Graph b = graph("b");
    private final Graph c = graph("c");
    private final LaunchSequences sequences = new LaunchSequences(
            Map.of(List.of(a, b), graph("ab"), List.of(a, b, b, c), graph("abbc"), List.of(c, a), graph("ca")));

    private static Graph graph(String name) {
        return new Graph(0, name, List.of(), true);
    }

    /** What is executed, and which launches it is given. */
    private List<String> played(Graph... graphs) {
        List<Launch> launches = new ArrayList<>();
        for (int i = 0; i < graphs.length; i++) {
            launches.add(new Launch(graphs[i], i, 1, new int[0]));
        }
        List<String> executed = new ArrayList<>();
        List<Launch> given = new ArrayList<>();
        sequences.play(launches, (graph, some) -> {
            executed.add(graph.name());
            given.addAll(some);
            assertThat(String.join(
                            "",
                            some.stream().map(launch -> launch.graph().name()).toList()))
                    .isEqualTo(graph.name());
        });
        assertThat(given).isEqualTo(launches);
        return executed;
    }

    @Test
    void theLongestThatFitsIsOneExecution() {
        assertThat(played(a, b, b, c)).containsExactly("abbc");
        assertThat(played(a, b, b, a, b)).containsExactly("ab", "b", "ab");
        assertThat(played(a, b, b, c, a, b, b, c, a)).containsExactly("abbc", "abbc", "a");
        assertThat(played(c, a, b)).containsExactly("ca", "b");
    }

    @Test
    void othersRunByThemselves() {
        assertThat(played()).isEmpty();
        assertThat(played(b)).containsExactly("b");
        assertThat(played(b, a, c, c)).containsExactly("b", "a", "c", "c");
        assertThat(new LaunchSequences(Map.of())).satisfies(none -> {
            List<String> executed = new ArrayList<>();
            none.play(
                    Stream.of(a, b)
                            .map(graph -> new Launch(graph, 1, 1, new int[0]))
                            .toList(),
                    (graph, some) -> executed.add(graph.name()));
            assertThat(executed).containsExactly("a", "b");
        });
    }
}
