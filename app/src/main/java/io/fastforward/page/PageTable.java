package io.fastforward.page;

import java.util.List;

/**
 * A table of a page.
 *
 * @param title what it shows; empty if that is said elsewhere
 * @param head of the columns
 * @param rows as many cells each; the first one names the row
 * @param prose whether cells are sentences instead of numbers
 */
record PageTable(String title, List<String> head, List<List<String>> rows, boolean prose) {

    /** Of numbers. */
    PageTable(String title, List<String> head, List<List<String>> rows) {
        this(title, head, rows, false);
    }

    PageTable {
        head = List.copyOf(head);
        rows = rows.stream().map(List::copyOf).toList();
    }

    boolean titled() {
        return !title.isEmpty();
    }

    /** A row, with its first cell apart. */
    record Row(String name, List<String> cells) {}

    List<Row> named() {
        return rows.stream()
                .map(row -> new Row(row.getFirst(), row.subList(1, row.size())))
                .toList();
    }
}
