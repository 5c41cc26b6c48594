package io.fastforward.page;

import io.fastforward.json.StrictJson;
import java.util.List;

/**
 * What stands on a page.
 *
 * @param title of the page
 * @param subtitle what it is about
 * @param summary the most important, in a sentence or two
 * @param figures the most important numbers
 * @param notes what a reader should know before trusting the figures
 * @param results tables of figures
 * @param charts those that show something
 * @param details tables for who wants to know exactly
 * @param commands to go on with
 */
record Page(
        String title,
        String subtitle,
        String summary,
        List<Figure> figures,
        List<String> notes,
        List<PageTable> results,
        List<Chart> charts,
        List<PageTable> details,
        List<String> commands) {

    /**
     * A number that stands out.
     *
     * @param name what it is
     * @param value with its unit
     * @param note what to compare it with
     */
    record Figure(String name, String value, String note) {}

    Page {
        figures = List.copyOf(figures);
        notes = List.copyOf(notes);
        results = List.copyOf(results);
        charts = charts.stream().filter(chart -> !chart.isEmpty()).toList();
        details = List.copyOf(details);
        commands = List.copyOf(commands);
    }

    /** The charts for the script that draws them: JSON without anything that would end the element that it is in. */
    String data() {
        return StrictJson.line(charts).replace("<", "\\u003c");
    }
}
