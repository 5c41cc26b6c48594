package io.fastforward.report;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A table, for people and for programs.
 *
 * @param columns what stands in each row
 * @param rows one cell for each column
 */
public record Table(List<Column> columns, List<List<String>> rows) {

    private static final String GAP = "  ";

    /**
     * A column.
     *
     * @param name its heading
     * @param number whether cells stand to the right
     */
    public record Column(String name, boolean number) {

        public static Column text(String name) {
            return new Column(name, false);
        }

        public static Column number(String name) {
            return new Column(name, true);
        }
    }

    /** @throws IllegalArgumentException if a row has more or fewer cells than there are columns */
    public Table {
        columns = List.copyOf(columns);
        rows = rows.stream().map(List::copyOf).toList();
        for (List<String> row : rows) {
            if (row.size() != columns.size()) {
                throw new IllegalArgumentException(
                        row.size() + " cells stand in a row of a table of " + columns.size() + " columns");
            }
        }
    }

    /** Aligned lines, the headings first. */
    public List<String> lines() {
        List<Integer> widths = widths();
        List<String> lines = new ArrayList<>(List.of(line(headings(), widths)));
        rows.forEach(row -> lines.add(line(row, widths)));
        return lines;
    }

    /** A line of cells beside those of this table. */
    public String line(List<String> cells) {
        return line(cells, widths());
    }

    /** As RFC 4180 has it, but for the line feeds. */
    public String csv() {
        return joined(
                rows(headings()), cells -> cells.stream().map(Table::quoted).collect(Collectors.joining(",")));
    }

    /** As documents have it. */
    public String markdown() {
        List<List<String>> all = rows(headings());
        all.add(
                1,
                columns.stream().map(column -> column.number() ? "--:" : "---").toList());
        return joined(
                all,
                cells -> cells.stream()
                        .map(cell -> cell.replace("\\", "\\\\").replace("|", "\\|"))
                        .collect(Collectors.joining(" | ", "| ", " |")));
    }

    private static String joined(List<List<String>> rows, Function<List<String>, String> line) {
        return rows.stream().map(line).collect(Collectors.joining("\n", "", "\n"));
    }

    private List<List<String>> rows(List<String> first) {
        List<List<String>> all = new ArrayList<>(List.of(first));
        all.addAll(rows);
        return all;
    }

    private List<String> headings() {
        return columns.stream().map(Column::name).toList();
    }

    private List<Integer> widths() {
        return IntStream.range(0, columns.size())
                .mapToObj(i -> rows(headings()).stream()
                        .mapToInt(row -> row.get(i).length())
                        .max()
                        .orElse(0))
                .toList();
    }

    private String line(List<String> cells, List<Integer> widths) {
        List<String> padded = new ArrayList<>();
        for (int i = 0; i < cells.size(); i++) {
            String space = " ".repeat(Math.max(0, widths.get(i) - cells.get(i).length()));
            padded.add(columns.get(i).number() ? space + cells.get(i) : cells.get(i) + space);
        }
        return String.join(GAP, padded).stripTrailing();
    }

    private static String quoted(String cell) {
        return cell.matches("[^\",\r\n]*") ? cell : "\"" + cell.replace("\"", "\"\"") + "\"";
    }
}
