package io.fastforward.report;

import io.fastforward.spi.model.AttentionUnit;

/** What people call the units that are pruned. */
public final class UnitNames {

    private UnitNames() {}

    /** Several units of attention. */
    public static String plural(AttentionUnit unit) {
        return switch (unit) {
            case KV_GROUP -> "KV groups";
            case QUERY_HEAD -> "query heads";
            case VALUE_CHANNEL -> "value channels";
        };
    }
}
