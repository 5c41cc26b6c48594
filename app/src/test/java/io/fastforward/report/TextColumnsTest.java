package io.fastforward.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TextColumnsTest {

    @Test
    void textsStandSideBySide() {
        assertThat(TextColumns.lines(23, "one two three", "a", "left", "right one"))
                .containsExactly(
                        "left       │ right one",
                        "───────────┼───────────".substring(0, 10) + "─┼─" + "─".repeat(10),
                        "one two    │ a",
                        "three      │");
    }

    @Test
    void linesBreakAtSpacesOrWhereTheyMust() {
        assertThat(TextColumns.wrap("aaaa bb cc", 7)).containsExactly("aaaa bb", "cc");
        assertThat(TextColumns.wrap("aaaabbbbcc", 4)).containsExactly("aaaa", "bbbb", "cc");
        assertThat(TextColumns.wrap("a\n\nb", 4)).containsExactly("a", "", "b");
        assertThat(TextColumns.wrap("", 4)).containsExactly("");
    }
}
