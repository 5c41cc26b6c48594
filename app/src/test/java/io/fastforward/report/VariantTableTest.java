package io.fastforward.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.evaluate.ChoiceAccuracy;
import io.fastforward.evaluate.Perplexity;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VariantTableTest {

    @Test
    void figuresStandSideBySide() {
        Locale before = Locale.getDefault();
        Locale.setDefault(Locale.GERMANY); // numbers look the same everywhere
        try {
            assertThat(VariantTable.lines(List.of(
                            variant("dense", 3_937_472, 0, 1.99504, accuracy(233)),
                            variant("ppo + ridge", 2_759_168, 0.33333, 12345.678, null))))
                    .containsExactly(
                            "model          parameters   removed  perplexity     tasks right      tokens/s",
                            "dense           3,937,472      0.0%      1.9950   233/400 58.3%        23,424",
                            "ppo + ridge     2,759,168     33.3%   1.235e+04                        23,424");
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void thereIsNoColumnForTasksThatWereNotAsked() {
        assertThat(VariantTable.lines(List.of(variant("dense", 10, 0.5, 150, null))))
                .containsExactly(
                        "model      parameters   removed  perplexity      tokens/s",
                        "dense              10     50.0%      150.00        23,424");
    }

    @ParameterizedTest
    @CsvSource({
        "1.99504478, 1.9950",
        "99.99994, 99.9999",
        "100, 100.00",
        "9999.994, 9999.99",
        "10000, 1.000e+04",
        "3.2e300, 3.200e+300",
        "Infinity, Infinity",
        "NaN, NaN"
    })
    void aPerplexityHasAsManyDigitsAsSaySomething(double perplexity, String expected) {
        assertThat(VariantTable.significant(perplexity)).isEqualTo(expected);
    }

    private static Variant variant(
            String name, long parameters, double sparsity, double perplexity, @Nullable ChoiceAccuracy accuracy) {
        Perplexity figure = new Perplexity(perplexity, Math.log(perplexity), 183, 256, 46_665, 2);
        return new Variant(name, parameters, sparsity, figure, accuracy);
    }

    private static ChoiceAccuracy accuracy(int right) {
        return new ChoiceAccuracy(right, 400, Map.of("all", right), Map.of("all", 400));
    }
}
