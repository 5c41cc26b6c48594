package io.fastforward.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.fastforward.gguf.MergeList.Pair;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** When scores of tokens say the same as a list of pairs. */
class MergeListTest {

    private static final Set<String> TOKENS = Set.of("a", "b", "ab", "ba", "aba");

    @Test
    void allPairsOfATokenSideBySideGiveItsPlace() {
        MergeList merges = new MergeList(
                List.of(new Pair("b", "a"), new Pair("a", "b"), new Pair("ab", "a"), new Pair("a", "ba")));
        assertThat(merges.orderOfProducts(TOKENS)).isEqualTo(Map.of("ba", 0, "ab", 1, "aba", 2));
    }

    @Test
    void aPairThatNoMergeNamesIsRefused() {
        MergeList merges = new MergeList(List.of(new Pair("a", "b"), new Pair("b", "a"), new Pair("ab", "a")));
        refused(merges, "'a' and 'ba' are a token together");
    }

    @Test
    void pairsOfATokenWithOthersBetweenAreRefused() {
        MergeList merges = new MergeList(
                List.of(new Pair("b", "a"), new Pair("a", "ba"), new Pair("a", "b"), new Pair("ab", "a")));
        refused(merges, "into 'aba' do not stand side by side");
    }

    private static void refused(MergeList merges, String words) {
        assertThatExceptionOfType(UnsupportedTokenizerException.class)
                .isThrownBy(() -> merges.orderOfProducts(TOKENS))
                .withMessageContaining(words);
    }
}
