package io.fastforward.backend.cpu;

import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.MapRole;

/**
 * Where the query heads, keys and values of a token are when one product makes them all, such that those of the leading
 * units come first. Units that are KV groups: the queries of a group, its key, its value, group by group. Units that are
 * query heads: the keys and the values of all groups, which stay whatever is active, then the query heads.
 */
record ProjectionLayout(AttentionSpec spec) {

    /** Columns of a row if some leading units are active. */
    int width(int units) {
        return (spec.heads(units) + 2 * spec.groups(units)) * spec.headSize();
    }

    /** First column of a head of the query, key or value map. */
    int column(MapRole role, int head) {
        return switch (role) {
            case QUERY -> query(head);
            case KEY -> key(head);
            case VALUE -> value(head);
            default -> throw new IllegalArgumentException(role + " has no heads");
        };
    }

    /** First column of a query head. */
    int query(int head) {
        int block = ofGroups()
                ? spec.groupOf(head) * blocksOfGroup() + head % spec.queriesPerGroup()
                : 2 * spec.groups() + head;
        return block * spec.headSize();
    }

    /** First column of the key of a KV group. */
    int key(int group) {
        int block = ofGroups() ? group * blocksOfGroup() + spec.queriesPerGroup() : group;
        return block * spec.headSize();
    }

    /** First column of the value of a KV group. */
    int value(int group) {
        int block = ofGroups() ? group * blocksOfGroup() + spec.queriesPerGroup() + 1 : spec.groups() + group;
        return block * spec.headSize();
    }

    /** Whether the head that begins at a column is a value, which has no position. */
    boolean isValue(int column) {
        int block = column / spec.headSize();
        return ofGroups()
                ? block % blocksOfGroup() == spec.queriesPerGroup() + 1
                : block >= spec.groups() && block < 2 * spec.groups();
    }

    private boolean ofGroups() {
        return spec.unit() == AttentionUnit.KV_GROUP;
    }

    private int blocksOfGroup() {
        return spec.queriesPerGroup() + 2;
    }
}
