package io.fastforward.batch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.failure.FailureKind;
import io.fastforward.settings.PruneSettings;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Every combination of some values of some settings. */
final class Grid {

    /** More than anybody waits for. */
    static final int MOST_RUNS = 10_000;

    private Grid() {}

    /**
     * One combination.
     *
     * @param values as people read them, by the settings' paths
     * @param settings the same, one after the other
     */
    record Point(Map<String, String> values, List<ObjectNode> settings) {

        private RunTemplate.Settled in(PruneSettings base) {
            PruneSettings result = base;
            for (ObjectNode one : settings) {
                result = result.with(one, "the grid");
            }
            return new RunTemplate.Settled(result, values);
        }
    }

    /** Some settings, at each point with those of the point in their place. */
    static List<RunTemplate.Settled> in(PruneSettings base, List<Point> points) {
        return points.stream().map(point -> point.in(base)).toList();
    }

    /** The combinations; the last setting changes first. One without any values if there are no settings. */
    static List<Point> points(Map<SettingPath, List<JsonNode>> axes) {
        List<Point> points = List.of(new Point(Map.of(), List.of()));
        for (Map.Entry<SettingPath, List<JsonNode>> axis : axes.entrySet()) {
            List<Point> longer = new ArrayList<>();
            for (Point point : points) {
                axis.getValue().forEach(value -> longer.add(extended(point, axis.getKey(), value)));
                requireFew(longer.size());
            }
            points = longer;
        }
        return points;
    }

    /** @throws io.fastforward.failure.Failure of kind {@link FailureKind#USAGE} if there are too many runs */
    static void requireFew(long runs) {
        if (runs > MOST_RUNS) {
            throw FailureKind.USAGE.failure("the file asks for more than " + MOST_RUNS + " runs; ask for fewer");
        }
    }

    private static Point extended(Point point, SettingPath path, JsonNode value) {
        Map<String, String> values = new LinkedHashMap<>(point.values);
        ObjectNode setting = path.with(value);
        values.put(path.toString(), SettingPath.shown(value));
        List<ObjectNode> settings = new ArrayList<>(point.settings);
        settings.add(setting);
        return new Point(values, settings);
    }
}
