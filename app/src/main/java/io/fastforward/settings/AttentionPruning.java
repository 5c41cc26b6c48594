package io.fastforward.settings;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.annotation.JsonValue;
import io.fastforward.spi.model.AttentionUnit;
import org.jspecify.annotations.Nullable;

/** What of attention may be pruned. */
public enum AttentionPruning {
    /** What costs least perplexity of what the target runtime can hold: value channels, or else KV groups. */
    AUTO("auto", null),
    /** Whole KV groups: a key/value head with its query heads. */
    KV_GROUP("kv-group", AttentionUnit.KV_GROUP),
    /** The same number of query heads in every KV group of a layer; all keys and values stay. */
    QUERY_HEADS("query-heads", AttentionUnit.QUERY_HEAD),
    /** The same number of dimensions of the value in every KV group of a layer; all queries and keys stay. */
    VALUE_CHANNELS("value-channels", AttentionUnit.VALUE_CHANNEL),
    /** Nothing: MLP channels alone are pruned. */
    NONE("none", AttentionUnit.KV_GROUP);

    private final String id;
    private final @Nullable AttentionUnit unit;

    AttentionPruning(String id, @Nullable AttentionUnit unit) {
        this.id = id;
        this.unit = unit;
    }

    /** What that is for a runtime. */
    AttentionPruning on(TargetRuntime runtime) {
        return switch (this) {
            case AUTO -> runtime == TargetRuntime.HF ? VALUE_CHANNELS : KV_GROUP;
            case KV_GROUP, QUERY_HEADS, VALUE_CHANNELS, NONE -> this;
        };
    }

    /** The unit that is pruned, or would be, once the runtime is known. */
    AttentionUnit unit() {
        return requireNonNull(unit, "the unit depends on the runtime");
    }

    @JsonValue
    @Override
    public String toString() {
        return id;
    }
}
