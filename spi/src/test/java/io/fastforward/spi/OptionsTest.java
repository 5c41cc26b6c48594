package io.fastforward.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.fastforward.spi.OptionSpec.Range;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OptionsTest {

    private static final List<OptionSpec> SPECS = List.of(
            OptionSpec.number("ridge", "how much", 1e-4, Range.atLeast(0)),
            OptionSpec.number("clip", "where", 0.2, Range.above(0).below(1)),
            OptionSpec.number("rate", "how fast", 1, Range.above(0).atMost(1)),
            OptionSpec.number("deviation", "how far", 3, Range.between(0.001, 1000)),
            OptionSpec.number("any", "whatever", -5, Range.ANY),
            OptionSpec.wholeNumber("batch", "how many", 15, Range.atLeast(2)),
            OptionSpec.oneOf("advantage", "of what", "rank", List.of("reward", "rank")),
            OptionSpec.text("address", "where it listens", ""));

    @Test
    void whatIsNotGivenHasItsDefault() {
        Options options = Options.of(SPECS, Map.of());
        assertThat(options.given()).isFalse();
        assertThat(options.number("ridge")).isEqualTo(1e-4);
        assertThat(options.wholeNumber("batch")).isEqualTo(15);
        assertThat(options.text("advantage")).isEqualTo("rank");
        assertThat(options.text("address")).isEmpty();
        assertThat(SPECS.getFirst().defaultText()).isEqualTo("0.0001");
    }

    @Test
    void whatIsNeededHasToBeGiven() {
        List<OptionSpec> specs = List.of(OptionSpec.needed("master", "where it listens"));
        assertThat(Options.of(specs, Map.of("master", "here")).text("master")).isEqualTo("here");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Options.of(specs, Map.of()))
                .withMessage("option master is needed: where it listens");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Options.of(specs, Map.of("master", " ")))
                .withMessage("option master must be a text that is not empty, but is ' '");
    }

    @Test
    void whatIsGivenIsRead() {
        Options options = Options.of(
                SPECS, Map.of("ridge", "0", "rate", "1", "any", "-1e300", "batch", "2", "advantage", "reward"));
        assertThat(options.given()).isTrue();
        assertThat(options.number("ridge")).isZero();
        assertThat(options.number("rate")).isEqualTo(1);
        assertThat(options.number("any")).isEqualTo(-1e300);
        assertThat(options.number("clip")).isEqualTo(0.2);
        assertThat(options.wholeNumber("batch")).isEqualTo(2);
        assertThat(options.text("advantage")).isEqualTo("reward");
    }

    @ParameterizedTest
    @CsvSource({
        "ridge, x, a number of at least 0",
        "ridge, -1e-9, a number of at least 0",
        "ridge, NaN, a number of at least 0",
        "ridge, Infinity, a number of at least 0",
        "clip, 0, a number greater than 0 and less than 1",
        "clip, 1, a number greater than 0 and less than 1",
        "rate, 0, a number greater than 0 and at most 1",
        "rate, 1.01, a number greater than 0 and at most 1",
        "deviation, 1001, a number of at least 0.001 and at most 1000",
        "any, -Infinity, a number",
        "batch, 1, a whole number of at least 2",
        "batch, 2.0, a whole number of at least 2",
        "advantage, Rank, reward or rank",
    })
    void otherValuesAreRefused(String name, String text, String expected) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Options.of(SPECS, Map.of(name, text)))
                .withMessage("option " + name + " must be " + expected + ", but is '" + text + "'");
    }

    @Test
    void otherNamesAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Options.of(SPECS, Map.of("rigde", "1", "ridge", "1")))
                .withMessageContainingAll("no option is called 'rigde'; it has ridge, clip, rate");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Options.of(List.of(), Map.of("ridge", "1")))
                .withMessage("no option is called 'ridge'; it has none");
    }

    @Test
    void aSpecThatMakesNoSenseIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> OptionSpec.number("ridge", "how much", -1, Range.atLeast(0)))
                .withMessageContaining("'-1'");
        assertThatIllegalArgumentException().isThrownBy(() -> OptionSpec.text("Upper", "meaning", ""));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> OptionSpec.text("silent", " ", ""))
                .withMessageContaining("silent");
        OptionSpec twice = OptionSpec.text("twice", "meaning", "");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Options.of(List.of(twice, twice), Map.of()))
                .withMessageContaining("twice");
    }

    @Test
    void aPluginThatAsksForWhatItDidNotDeclareIsTold() {
        Options options = Options.of(SPECS, Map.of());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> options.number("batch"))
                .withMessageContaining("batch");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> options.text("missing"))
                .withMessageContaining("missing");
    }
}
