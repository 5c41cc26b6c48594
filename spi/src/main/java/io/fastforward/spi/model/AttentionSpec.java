package io.fastforward.spi.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Causal grouped-query attention with a residual connection. A KV group is one key/value head and the query heads that
 * share it; plain multi-head attention has one query head a group. Values may have fewer dimensions than queries and
 * keys, as many in every head.
 *
 * <p>Rows of the query map: groups × queriesPerGroup × headSize; of the key map: groups × headSize; of the value map:
 * groups × valueSize. Columns of the output map, which are the features: groups × queriesPerGroup × valueSize. The
 * {@link AttentionUnit} says in which order query heads are, and values and features.
 *
 * @param normalization normalisation of the input, or of the result
 * @param hiddenSize width of the hidden state
 * @param headSize width of one head of queries or keys
 * @param valueSize width of one head of values, at most that of keys; 0 if the attention does nothing
 * @param groups number of KV groups; 0 if the attention does nothing
 * @param queriesPerGroup query heads that share a key/value head; 0 if the attention does nothing
 * @param rotary rotary positions, or null if the model has none
 * @param slidingWindow number of latest positions that a token sees, itself included; 0: all
 * @param inputBias whether query, key and value have biases
 * @param outputBias whether the output map has one
 * @param unit what a unit is, and how query heads, values and features are ordered
 */
public record AttentionSpec(
        Normalization normalization,
        int hiddenSize,
        int headSize,
        int valueSize,
        int groups,
        int queriesPerGroup,
        @Nullable RotaryPositions rotary,
        int slidingWindow,
        boolean inputBias,
        boolean outputBias,
        AttentionUnit unit)
        implements ModuleSpec {

    public AttentionSpec {
        if (groups == 0 || queriesPerGroup == 0 || valueSize == 0) { // nothing is left of it, whatever its units were
            groups = 0;
            queriesPerGroup = 0;
            valueSize = 0;
        }
        if (hiddenSize < 1
                || headSize < 1
                || valueSize < 0
                || valueSize > headSize
                || groups < 0
                || queriesPerGroup < 0
                || slidingWindow < 0) {
            throw new IllegalArgumentException("bad attention shape: hidden " + hiddenSize + ", head " + headSize
                    + ", value " + valueSize + ", groups " + groups + ", queries per group " + queriesPerGroup
                    + ", window " + slidingWindow);
        }
        if (rotary != null && rotary.rotatedSize() > headSize) {
            throw new IllegalArgumentException(
                    "rotary positions turn " + rotary.rotatedSize() + " of " + headSize + " dimensions");
        }
    }

    /** Attention whose units are KV groups, with values as wide as keys. */
    public AttentionSpec(
            Normalization normalization,
            int hiddenSize,
            int headSize,
            int groups,
            int queriesPerGroup,
            @Nullable RotaryPositions rotary,
            int slidingWindow,
            boolean inputBias,
            boolean outputBias) {
        this(
                normalization,
                hiddenSize,
                headSize,
                headSize,
                groups,
                queriesPerGroup,
                rotary,
                slidingWindow,
                inputBias,
                outputBias,
                AttentionUnit.KV_GROUP);
    }

    /** The same attention with other units; its weights have to be reordered accordingly. */
    public AttentionSpec withUnit(AttentionUnit other) {
        return with(valueSize, groups, queriesPerGroup, other);
    }

    /** The same attention with values of another width. */
    public AttentionSpec withValueSize(int size) {
        return with(size, groups, queriesPerGroup, unit);
    }

    /** KV groups that are active when some leading units are. */
    public int groups(int units) {
        return unit == AttentionUnit.KV_GROUP ? units : groups;
    }

    /** Width of one head of values when some leading units are active. */
    public int valueSize(int units) {
        return unit == AttentionUnit.VALUE_CHANNEL ? units : valueSize;
    }

    /** Number of query heads. */
    public int heads() {
        return groups * queriesPerGroup;
    }

    /** Query heads that are active when some leading units are. */
    public int heads(int units) {
        return switch (unit) {
            case KV_GROUP -> units * queriesPerGroup;
            case QUERY_HEAD -> units * groups;
            case VALUE_CHANNEL -> heads();
        };
    }

    /** The KV group of a query head. */
    public int groupOf(int head) {
        return unit == AttentionUnit.QUERY_HEAD ? head % groups : head / queriesPerGroup;
    }

    /**
     * Whether values and features are ordered dimension by dimension instead of head by head: dimension d of the value
     * of group g is number d · groups + g, and of query head h the feature d · heads + h.
     */
    public boolean isByDimension() {
        return unit == AttentionUnit.VALUE_CHANNEL;
    }

    /** The factor on the products of queries and keys: 1/√headSize. */
    public double scale() {
        return 1 / Math.sqrt(headSize);
    }

    @Override
    public int units() {
        return switch (unit) {
            case KV_GROUP -> groups;
            case QUERY_HEAD -> queriesPerGroup;
            case VALUE_CHANNEL -> valueSize;
        };
    }

    @Override
    public int featuresPerPart() {
        return switch (unit) {
            case KV_GROUP -> queriesPerGroup * valueSize;
            case QUERY_HEAD -> valueSize;
            case VALUE_CHANNEL -> queriesPerGroup;
        };
    }

    @Override
    public int partsPerUnit() {
        return unit == AttentionUnit.KV_GROUP ? 1 : groups;
    }

    @Override
    public List<MapShape> maps() {
        if (isIdentity()) {
            return List.of();
        }
        int queries = Math.multiplyExact(heads(), headSize);
        int keys = Math.multiplyExact(groups, headSize);
        int values = Math.multiplyExact(groups, valueSize);
        int features = Math.multiplyExact(heads(), valueSize);
        return List.of(
                new MapShape(MapRole.QUERY, queries, hiddenSize, inputBias),
                new MapShape(MapRole.KEY, keys, hiddenSize, inputBias),
                new MapShape(MapRole.VALUE, values, hiddenSize, inputBias),
                new MapShape(MapRole.ATTENTION_OUTPUT, hiddenSize, features, outputBias));
    }

    @Override
    public List<Coupling> couplings() {
        if (isIdentity()) {
            return List.of();
        }
        return switch (unit) {
            case KV_GROUP ->
                List.of(
                        new Coupling(MapRole.QUERY, Axis.ROWS, queriesPerGroup * headSize),
                        new Coupling(MapRole.KEY, Axis.ROWS, headSize),
                        new Coupling(MapRole.VALUE, Axis.ROWS, valueSize),
                        new Coupling(MapRole.ATTENTION_OUTPUT, Axis.COLUMNS, featuresPerPart()));
            case QUERY_HEAD ->
                List.of(
                        new Coupling(MapRole.QUERY, Axis.ROWS, headSize),
                        new Coupling(MapRole.ATTENTION_OUTPUT, Axis.COLUMNS, featuresPerPart()));
            case VALUE_CHANNEL ->
                List.of(
                        new Coupling(MapRole.VALUE, Axis.ROWS, 1),
                        // In a checkpoint the dimensions of a head are together, so a part has one in each of its
                        // heads.
                        new Coupling(MapRole.ATTENTION_OUTPUT, Axis.COLUMNS, featuresPerPart(), valueSize));
        };
    }

    @Override
    public AttentionSpec withUnits(int units) {
        return switch (unit) {
            case KV_GROUP -> with(valueSize, units, queriesPerGroup, unit);
            case QUERY_HEAD -> with(valueSize, groups, units, unit);
            case VALUE_CHANNEL -> with(units, groups, queriesPerGroup, unit);
        };
    }

    /** The same attention, whose output map has a bias. */
    public AttentionSpec withOutputBias() {
        return new AttentionSpec(
                normalization,
                hiddenSize,
                headSize,
                valueSize,
                groups,
                queriesPerGroup,
                rotary,
                slidingWindow,
                inputBias,
                true,
                unit);
    }

    private AttentionSpec with(int values, int someGroups, int queries, AttentionUnit someUnit) {
        return new AttentionSpec(
                normalization,
                hiddenSize,
                headSize,
                values,
                someGroups,
                queries,
                rotary,
                slidingWindow,
                inputBias,
                outputBias,
                someUnit);
    }
}
