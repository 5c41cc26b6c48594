package io.fastforward.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NumaNodeTest {

    @TempDir
    private Path directory;

    private void node(String name, String cores) throws IOException {
        Files.writeString(Files.createDirectory(directory.resolve(name)).resolve("cpulist"), cores + "\n");
    }

    @Test
    void nodesWithCoresAreInTheirOrder() throws IOException {
        node("node10", "8-15");
        node("node2", "0-3,16-19");
        node("node3", ""); // memory alone
        Files.writeString(directory.resolve("online"), "0-10");
        assertThat(NumaNode.in(directory)).containsExactly(new NumaNode(2, "0-3,16-19"), new NumaNode(10, "8-15"));
    }

    @Test
    void whereNothingCanBeSeenThereAreNone() {
        assertThat(NumaNode.in(directory.resolve("nowhere"))).isEmpty();
        assertThat(NumaNode.in(directory)).isEmpty();
    }
}
