package io.fastforward.agents;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class AdamTest {

    @Test
    void stepsAsComputedByHand() {
        double[] parameters = {1, -2};
        Adam adam = new Adam(2);

        // The first step has the learning rate's length in the gradient's direction, whatever the gradient's length.
        adam.step(parameters, new double[] {0.1, -300}, 0.01);
        assertThat(parameters[0]).isCloseTo(0.99, within(1e-8));
        assertThat(parameters[1]).isCloseTo(-1.99, within(1e-8));

        // m = 0.9·0.01 + 0.1·0.2 = 0.029, v = 0.999·1e-5 + 0.001·0.04 = 4.999e-5;
        // m̂ = 0.029 / 0.19 = 0.152632, v̂ = 4.999e-5 / 0.001999 = 0.0250075, √v̂ = 0.158138.
        adam.step(parameters, new double[] {0.2, 0}, 0.01);
        assertThat(parameters[0]).isCloseTo(0.99 - 0.01 * 0.1526316 / 0.1581376, within(1e-7));
        // m = -27, m̂ = -142.10526; v = 89.91, v̂ = 44977.489, √v̂ = 212.0790.
        assertThat(parameters[1]).isCloseTo(-1.99 + 0.01 * 142.10526 / 212.0790, within(1e-7));
    }
}
