package io.fastforward.report;

import java.util.ArrayList;
import java.util.List;

/** Two texts side by side. */
public final class TextColumns {

    private static final String GAP = " │ ";

    private TextColumns() {}

    /**
     * Two texts with a heading each, wrapped at spaces.
     *
     * @param width characters of a line
     */
    public static List<String> lines(int width, String left, String right, String leftHeading, String rightHeading) {
        int column = (width - GAP.length()) / 2;
        List<String> lines = new ArrayList<>(beside(column, wrap(leftHeading, column), wrap(rightHeading, column)));
        lines.add("─".repeat(column) + "─┼─" + "─".repeat(column));
        lines.addAll(beside(column, wrap(left, column), wrap(right, column)));
        return lines;
    }

    private static List<String> beside(int column, List<String> left, List<String> right) {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < Math.max(left.size(), right.size()); i++) {
            String first = i < left.size() ? left.get(i) : "";
            String second = i < right.size() ? right.get(i) : "";
            lines.add((first + " ".repeat(column - first.length()) + GAP + second).stripTrailing());
        }
        return lines;
    }

    /** Lines of at most some characters, broken at spaces where possible. */
    static List<String> wrap(String text, int width) {
        List<String> lines = new ArrayList<>();
        for (String paragraph : text.replace("\t", "    ").split("\\R", -1)) {
            String rest = paragraph;
            while (rest.length() > width) {
                int space = rest.lastIndexOf(' ', width);
                int end = space > 0 ? space : width;
                lines.add(rest.substring(0, end));
                rest = rest.substring(space > 0 ? end + 1 : end);
            }
            lines.add(rest);
        }
        return lines;
    }
}
