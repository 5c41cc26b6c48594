package io.fastforward.settings;

import com.fasterxml.jackson.annotation.JsonValue;
import io.fastforward.spi.model.AttentionUnit;

/** What of attention may be pruned. */
public enum AttentionPruning {
    /** Whole KV groups: a key/value head with its query heads. */
    KV_GROUP("kv-group", AttentionUnit.KV_GROUP),
    /** The same number of query heads in every KV group of a layer; all keys and values stay. */
    QUERY_HEADS("query-heads", AttentionUnit.QUERY_HEAD),
    /** The same number of dimensions of the value in every KV group of a layer; all queries and keys stay. */
    VALUE_CHANNELS("value-channels", AttentionUnit.VALUE_CHANNEL),
    /** Nothing: MLP channels alone are pruned. */
    NONE("none", AttentionUnit.KV_GROUP);

    private final String id;
    private final AttentionUnit unit;

    AttentionPruning(String id, AttentionUnit unit) {
        this.id = id;
        this.unit = unit;
    }

    /** The unit that is pruned, or would be. */
    public AttentionUnit unit() {
        return unit;
    }

    @JsonValue
    @Override
    public String toString() {
        return id;
    }
}
