package io.fastforward.report;

import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.ModelSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** What every layer retains, as bars, for people. */
public final class RetentionChart {

    private static final int BAR = 20;
    private static final String ROW = "%5s  %-34s  %-34s";

    private RetentionChart() {}

    /** One line a layer. */
    public static List<String> lines(ModelSpec dense, ModelSpec pruned) {
        List<String> lines = new ArrayList<>();
        boolean byHeads = prunesQueryHeads(dense, pruned);
        lines.add(ROW.formatted("layer", byHeads ? "query heads" : "KV groups", "MLP channels"));
        for (int i = 0; i < dense.layers().size(); i++) {
            LayerSpec before = dense.layers().get(i);
            LayerSpec after = pruned.layers().get(i);
            lines.add(ROW.formatted(
                    i,
                    byHeads
                            ? bar(after.attention().heads(), before.attention().heads())
                            : bar(after.attention().groups(), before.attention().groups()),
                    bar(after.mlp().channels(), before.mlp().channels())));
        }
        return lines;
    }

    /** Whether KV groups have lost query heads, so that counting groups would not tell. */
    private static boolean prunesQueryHeads(ModelSpec dense, ModelSpec pruned) {
        return IntStream.range(0, dense.layers().size())
                .anyMatch(i -> pruned.layers().get(i).attention().queriesPerGroup()
                        != dense.layers().get(i).attention().queriesPerGroup());
    }

    private static String bar(int retained, int units) {
        int filled = (int) Math.round((double) BAR * retained / units);
        return "█".repeat(filled) + "·".repeat(BAR - filled) + " " + retained + "/" + units;
    }
}
