package io.fastforward.prune;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.spi.model.Policy;
import io.fastforward.spi.prune.Pattern;
import java.util.List;
import org.junit.jupiter.api.Test;

class ModulePatternsTest {

    @Test
    void aShareIsWhatAModuleDoesNotKeep() {
        ModulePatterns patterns = ModulePatterns.of(Pattern.parse("0.5"), new Policy(List.of(100, 1, 58, 0)));
        assertThat(patterns.of(0)).isEmpty();
        assertThat(patterns.of(1)).contains(Pattern.parse("0.99"));
        assertThat(patterns.of(2)).contains(Pattern.parse("0.42"));
        assertThat(patterns.of(3)).isEmpty(); // a module that the model does not have
        assertThat(patterns.names()).containsExactly("dense", "0.99", "0.42", "dense");
    }

    @Test
    void ofGroupsItIsHowManyAreLeft() {
        ModulePatterns patterns = ModulePatterns.of(Pattern.parse("4:8"), new Policy(List.of(8, 1, 7, 4)));
        assertThat(patterns.names()).containsExactly("dense", "1:8", "7:8", "4:8");
    }

    @Test
    void everywhereIsEverywhere() {
        ModulePatterns patterns = ModulePatterns.everywhere(Pattern.parse("2:4"));
        assertThat(patterns.of(17)).contains(Pattern.parse("2:4"));
        assertThat(patterns.names()).isEmpty();
    }
}
