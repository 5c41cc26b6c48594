package io.fastforward.report;

import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.ModelSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;

/** What every layer retains, as bars, for people. */
public final class RetentionChart {

    private static final int BAR = 20;
    private static final String ROW = "%5s  %-34s  %-34s";

    private RetentionChart() {}

    /** What of attention is counted: that of which the model has lost some, and groups if it is whole. */
    private record Counted(String title, ToIntFunction<AttentionSpec> count) {}

    /** One line a layer. */
    public static List<String> lines(ModelSpec dense, ModelSpec pruned) {
        List<String> lines = new ArrayList<>();
        Counted counted = counted(dense, pruned);
        lines.add(ROW.formatted("layer", counted.title(), "MLP channels"));
        for (int i = 0; i < dense.layers().size(); i++) {
            LayerSpec before = dense.layers().get(i);
            LayerSpec after = pruned.layers().get(i);
            lines.add(ROW.formatted(
                    i,
                    bar(
                            counted.count().applyAsInt(after.attention()),
                            counted.count().applyAsInt(before.attention())),
                    bar(after.mlp().channels(), before.mlp().channels())));
        }
        return lines;
    }

    private static Counted counted(ModelSpec dense, ModelSpec pruned) {
        if (differs(dense, pruned, AttentionSpec::valueSize)) {
            return new Counted("value channels", AttentionSpec::valueSize);
        }
        return differs(dense, pruned, AttentionSpec::queriesPerGroup)
                ? new Counted("query heads", AttentionSpec::heads)
                : new Counted("KV groups", AttentionSpec::groups);
    }

    /** Whether some layer that still has attention has another size of it. */
    private static boolean differs(ModelSpec dense, ModelSpec pruned, ToIntFunction<AttentionSpec> size) {
        return IntStream.range(0, dense.layers().size())
                .filter(i -> !pruned.layers().get(i).attention().isIdentity())
                .anyMatch(i -> size.applyAsInt(pruned.layers().get(i).attention())
                        != size.applyAsInt(dense.layers().get(i).attention()));
    }

    private static String bar(int retained, int units) {
        int filled = (int) Math.round((double) BAR * retained / units);
        return "█".repeat(filled) + "·".repeat(BAR - filled) + " " + retained + "/" + units;
    }
}
