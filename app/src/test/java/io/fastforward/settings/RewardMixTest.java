package io.fastforward.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.spi.search.Workload.Measure;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RewardMixTest {

    @ParameterizedTest
    @CsvSource({
        "perplexity, perplexity",
        "kl, kl",
        "accuracy=1, accuracy",
        "'margin=3', margin=3.0",
        "'accuracy=1,perplexity=2', 'perplexity=2.0,accuracy=1.0'"
    })
    void isWrittenAsItIsRead(String text, String canonical) {
        RewardMix mix = RewardMix.parse(text);
        assertThat(mix).hasToString(canonical);
        assertThat(RewardMix.parse(canonical)).isEqualTo(mix);
    }

    @Test
    void weightsCountByTheirShares() {
        assertThat(RewardMix.parse("perplexity=3,kl=1").objective().weights())
                .isEqualTo(Map.of(Measure.NEGATIVE_LOG_LIKELIHOOD, 0.75, Measure.DIVERGENCE, 0.25));
        assertThat(RewardMix.parse("margin=7").objective().weights()).isEqualTo(Map.of(Measure.MARGIN, 1.0));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ",",
                "speed",
                "perplexity,kl",
                "perplexity=1,",
                "perplexity=0",
                "perplexity=-1",
                "perplexity=NaN",
                "perplexity=1e400",
                "perplexity=one",
                "kl=1,kl=2",
                "kl=1=2",
                "PERPLEXITY"
            })
    void rubbishIsRefusedWithWhatThereIs(String text) {
        assertThatThrownBy(() -> RewardMix.parse(text))
                .isInstanceOfSatisfying(
                        Failure.class, failure -> assertThat(failure.kind()).isEqualTo(FailureKind.USAGE))
                .hasMessageContaining("perplexity, kl, margin, accuracy");
    }
}
