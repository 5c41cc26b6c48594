package io.fastforward.prune;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fastforward.model.Model;
import io.fastforward.testing.RandomLlama;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CollectedLayersTest {

    @Test
    void layersAreCollectedInOrder(@TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().write(directory));
                CollectedLayers layers = new CollectedLayers()) {
            assertThatThrownBy(() -> layers.accept(1, model.layer(1))).isInstanceOf(IllegalStateException.class);
        }
    }
}
