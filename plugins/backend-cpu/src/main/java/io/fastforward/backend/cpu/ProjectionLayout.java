package io.fastforward.backend.cpu;

import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.MapRole;

/**
 * Where the query heads, keys and values of a token are when one product makes them all, such that those of the leading
 * units come first. Units that are KV groups: the queries of a group, its key, its value, group by group. Units that are
 * query heads: the keys and the values of all groups, which stay whatever is active, then the query heads. Units that are
 * value channels: the query heads and the keys of all groups, then the values, which the product makes dimension by
 * dimension, and which are {@linkplain #value in place} head by head afterwards.
 */
record ProjectionLayout(AttentionSpec spec) {

    /** Columns of a row if some leading units are active. */
    int width(int units) {
        int groups = spec.groups(units);
        return (spec.heads(units) + groups) * spec.headSize() + groups * spec.valueSize(units);
    }

    /** How many consecutive rows of the query, key or value map stay together. */
    int rowsTogether(MapRole role) {
        if (role != MapRole.VALUE) {
            return spec.headSize();
        }
        return spec.isByDimension() ? spec.groups() : spec.valueSize();
    }

    /** Where the product puts some rows of the query, key or value map that stay together: their first column. */
    int column(MapRole role, int number) {
        return switch (role) {
            case QUERY -> query(number);
            case KEY -> key(number);
            case VALUE ->
                spec.isByDimension() ? value(0, spec.units()) + number * spec.groups() : value(number, spec.units());
            default -> throw new IllegalArgumentException(role + " has no heads");
        };
    }

    /** First column of a query head. */
    int query(int head) {
        return switch (spec.unit()) {
            case KV_GROUP -> spec.groupOf(head) * groupWidth() + head % spec.queriesPerGroup() * spec.headSize();
            case QUERY_HEAD -> spec.groups() * (spec.headSize() + spec.valueSize()) + head * spec.headSize();
            case VALUE_CHANNEL -> head * spec.headSize();
        };
    }

    /** First column of the key of a KV group. */
    int key(int group) {
        return switch (spec.unit()) {
            case KV_GROUP -> group * groupWidth() + spec.queriesPerGroup() * spec.headSize();
            case QUERY_HEAD -> group * spec.headSize();
            case VALUE_CHANNEL -> (spec.heads() + group) * spec.headSize();
        };
    }

    /** First column of the value of a KV group, if some leading units are active. */
    int value(int group, int units) {
        return switch (spec.unit()) {
            case KV_GROUP -> (group + 1) * groupWidth() - spec.valueSize();
            case QUERY_HEAD -> spec.groups() * spec.headSize() + group * spec.valueSize();
            case VALUE_CHANNEL -> (spec.heads() + spec.groups()) * spec.headSize() + group * units;
        };
    }

    /** Whether every head that has a position begins at a multiple of the head size. */
    boolean isAligned() {
        return spec.isByDimension() || spec.valueSize() == spec.headSize();
    }

    /** Whether what begins at a multiple of the head size is a value, which has no position; all is aligned. */
    boolean isValue(int column) {
        int block = column / spec.headSize();
        return switch (spec.unit()) {
            case KV_GROUP -> block % blocksOfGroup() == spec.queriesPerGroup() + 1;
            case QUERY_HEAD -> block >= spec.groups() && block < 2 * spec.groups();
            case VALUE_CHANNEL -> block >= spec.heads() + spec.groups();
        };
    }

    private int groupWidth() {
        return (spec.queriesPerGroup() + 1) * spec.headSize() + spec.valueSize();
    }

    private int blocksOfGroup() {
        return spec.queriesPerGroup() + 2;
    }
}
