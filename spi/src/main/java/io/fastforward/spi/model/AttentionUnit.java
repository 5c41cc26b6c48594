package io.fastforward.spi.model;

/**
 * What goes when a unit of an attention module goes; it also fixes the order of query heads, values and features in the
 * weights.
 */
public enum AttentionUnit {
    /**
     * A KV group: a key/value head and its query heads. The query heads of group 0 come first, then those of group 1,
     * and so on, as in checkpoints.
     */
    KV_GROUP,
    /**
     * One query head of every KV group; all key/value heads stay. The first query head of every group comes first, in
     * the order of groups, then the second of every group, and so on. So the leading units are leading rows, and every
     * group keeps the same number of query heads, as grouped-query attention demands.
     */
    QUERY_HEAD,
    /**
     * One dimension of the value of every KV group (Hu et al., FASP, 2025); queries and keys stay, and with them what
     * every token attends to. Query heads are in the order of checkpoints. The first dimension of every group's value
     * comes first, in the order of groups, then the second of every group, and so on; of the features, the first
     * dimension of every query head. So the leading units are leading rows of the value map and leading columns of the
     * output map, and all heads of a layer keep values of one width.
     */
    VALUE_CHANNEL
}
