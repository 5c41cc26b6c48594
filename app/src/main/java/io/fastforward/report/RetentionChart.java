package io.fastforward.report;

import io.fastforward.model.LayerSpec;
import io.fastforward.model.ModelSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What every layer retains, as bars, for people. */
public final class RetentionChart {

    private static final int BAR = 20;

    private RetentionChart() {}

    /** One line a layer. */
    public static List<String> lines(ModelSpec dense, ModelSpec pruned) {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(Locale.ROOT, "%5s  %-34s  %-34s", "layer", "KV groups", "MLP channels"));
        for (int i = 0; i < dense.layers().size(); i++) {
            LayerSpec before = dense.layers().get(i);
            LayerSpec after = pruned.layers().get(i);
            lines.add(String.format(
                    Locale.ROOT,
                    "%5d  %-34s  %-34s",
                    i,
                    bar(after.attention().groups(), before.attention().groups()),
                    bar(after.mlp().channels(), before.mlp().channels())));
        }
        return lines;
    }

    private static String bar(int retained, int units) {
        int filled = (int) Math.round((double) BAR * retained / units);
        return "█".repeat(filled) + "·".repeat(BAR - filled) + " " + retained + "/" + units;
    }
}
