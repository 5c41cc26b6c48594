package io.fastforward.run.stage;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;

class TimePlanTest {

    @Test
    void namesTheStagesThatTakeLong() {
        SequencedMap<String, Double> seconds = new LinkedHashMap<>();
        seconds.put("scoring", 130.0);
        seconds.put("the search", 0.4);
        seconds.put("figures", 7200.0);
        TimePlan plan = new TimePlan(seconds);
        assertThat(plan.total()).isEqualTo(7330.4);
        assertThat(plan.describe())
                .isEqualTo("Time: about 2.0 h on this machine: 2 min for scoring, 2.0 h for figures");
    }

    @Test
    void aRunOfAMomentTakesASecond() {
        SequencedMap<String, Double> seconds = new LinkedHashMap<>();
        seconds.put("scoring", 0.01);
        assertThat(new TimePlan(seconds).describe()).isEqualTo("Time: about 1 s on this machine");
    }
}
