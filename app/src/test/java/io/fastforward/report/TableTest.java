package io.fastforward.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.fastforward.report.Table.Column;
import java.util.List;
import org.junit.jupiter.api.Test;

class TableTest {

    private static final List<Column> COLUMNS = List.of(Column.text("name"), Column.number("figure"));

    @Test
    void numbersStandToTheRight() {
        Table table = new Table(COLUMNS, List.of(List.of("a", "1.5"), List.of("longer", "10")));
        assertThat(table.lines()).containsExactly("name    figure", "a          1.5", "longer      10");
    }

    @Test
    void programsGetTheirSeparatorsQuoted() {
        Table table = new Table(COLUMNS, List.of(List.of("a,b \"c\"", "1"), List.of("two\nlines", "2")));
        assertThat(table.csv()).isEqualTo("name,figure\n\"a,b \"\"c\"\"\",1\n\"two\nlines\",2\n");
    }

    @Test
    void documentsGetTheirBarsEscaped() {
        Table table = new Table(COLUMNS, List.of(List.of("a|b\\", "1")));
        assertThat(table.markdown()).isEqualTo("| name | figure |\n| --- | --: |\n| a\\|b\\\\ | 1 |\n");
    }

    @Test
    void everyRowHasACellForEveryColumn() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Table(COLUMNS, List.of(List.of("a"))));
    }
}
