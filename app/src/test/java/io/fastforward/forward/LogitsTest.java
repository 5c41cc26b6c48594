package io.fastforward.forward;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.fastforward.model.Model;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.testing.Backends;
import io.fastforward.testing.DemoModel;
import io.fastforward.testing.Golden;
import io.fastforward.testing.RunningModel;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Logits are those of transformers in float32. */
class LogitsTest {

    private static final double TOLERANCE = 1e-4; // largest difference ÷ largest logit

    @ParameterizedTest
    @CsvSource({
        "tiny-gqa, cpu", // grouped queries, tied embeddings, head size ≠ hidden size ÷ heads
        "tiny-gqa, plain-java",
        "tiny-llama3, cpu", // Llama 3's rotary scaling, biases everywhere
        "tiny-llama3, plain-java",
    })
    void ofTinyModels(String name, String backendId) {
        JsonNode sequences = Golden.read(name + "/expected.json").path("sequences");
        assertThat(sequences).hasSize(2);
        try (ComputeBackend backend = Backends.open(backendId);
                Model model = Model.open(Golden.path(name));
                RunningModel running = new RunningModel(backend, model)) {
            for (JsonNode sequence : sequences) {
                float[] logits = running.logits(Golden.ints(sequence.path("tokens")));
                assertThat(Golden.relativeDifference(Golden.floats(sequence.path("logits")), logits))
                        .isLessThan(TOLERANCE);
            }
        }
    }

    @Test
    void ofTheDemoModel() {
        JsonNode expected = Golden.read("demo/expected.json");
        int[] positions = Golden.ints(expected.path("positions"));
        try (ComputeBackend backend = Backends.cpu();
                Model model = DemoModel.open();
                RunningModel running = new RunningModel(backend, model)) {
            float[] logits = running.logits(Golden.ints(expected.path("prefix")));
            int vocabulary = model.spec().vocabularySize();
            float[] atPositions = new float[positions.length * vocabulary];
            for (int i = 0; i < positions.length; i++) {
                System.arraycopy(logits, positions[i] * vocabulary, atPositions, i * vocabulary, vocabulary);
            }
            assertThat(Golden.relativeDifference(Golden.floats(expected.path("logits")), atPositions))
                    .isLessThan(TOLERANCE);
        }
    }

    @Test
    void doNotDependOnTokensThatFollow() {
        try (ComputeBackend backend = Backends.cpu();
                Model model = Model.open(Golden.path("tiny-gqa"));
                RunningModel running = new RunningModel(backend, model)) {
            int[] tokens = RunningModel.randomWindows(model.spec(), 20, 1, 3).tokens();
            float[] all = running.logits(tokens);
            float[] start = running.logits(Arrays.copyOf(tokens, 7));
            assertThat(Golden.relativeDifference(start, Arrays.copyOf(all, start.length)))
                    .isLessThan(1e-5);
        }
    }
}
