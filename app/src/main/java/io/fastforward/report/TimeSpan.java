package io.fastforward.report;

import java.util.Locale;

/** Times for people, in a unit of which there are neither very many nor very few. */
public final class TimeSpan {

    private static final double MINUTE = 60;
    private static final double HOUR = 60 * MINUTE;
    private static final double DAY = 24 * HOUR;

    private TimeSpan() {}

    /** Such as {@code 42 s}, {@code 7 min}, {@code 3.5 h} or {@code 4.2 days}. */
    public static String of(double seconds) {
        if (seconds < 2 * MINUTE) {
            return String.format(Locale.ROOT, "%.0f s", seconds);
        }
        if (seconds < 2 * HOUR) {
            return String.format(Locale.ROOT, "%.0f min", seconds / MINUTE);
        }
        return seconds < 2 * DAY
                ? String.format(Locale.ROOT, "%.1f h", seconds / HOUR)
                : String.format(Locale.ROOT, "%.1f days", seconds / DAY);
    }
}
