package io.fastforward.spi.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Causal grouped-query attention with a residual connection. A KV group is one key/value head and the query heads that
 * share it; plain multi-head attention has one query head a group.
 *
 * <p>Rows of the query map: groups × queriesPerGroup × headSize, heads in the order of the {@link AttentionUnit}; of
 * key and value: groups × headSize. Columns of the output map as rows of the query map.
 *
 * @param normalization normalisation of the input, or of the result
 * @param hiddenSize width of the hidden state
 * @param headSize width of one head
 * @param groups number of KV groups; 0 if the attention does nothing
 * @param queriesPerGroup query heads that share a key/value head; 0 if the attention does nothing
 * @param rotary rotary positions, or null if the model has none
 * @param slidingWindow number of latest positions that a token sees, itself included; 0: all
 * @param inputBias whether query, key and value have biases
 * @param outputBias whether the output map has one
 * @param unit what a unit is, and how the query heads are ordered
 */
public record AttentionSpec(
        Normalization normalization,
        int hiddenSize,
        int headSize,
        int groups,
        int queriesPerGroup,
        @Nullable RotaryPositions rotary,
        int slidingWindow,
        boolean inputBias,
        boolean outputBias,
        AttentionUnit unit)
        implements ModuleSpec {

    public AttentionSpec {
        if (groups == 0 || queriesPerGroup == 0) { // nothing is left of it, whatever its units were
            groups = 0;
            queriesPerGroup = 0;
        }
        if (hiddenSize < 1 || headSize < 1 || groups < 0 || queriesPerGroup < 0 || slidingWindow < 0) {
            throw new IllegalArgumentException("bad attention shape: hidden " + hiddenSize + ", head " + headSize
                    + ", groups " + groups + ", queries per group " + queriesPerGroup + ", window " + slidingWindow);
        }
        if (rotary != null && rotary.rotatedSize() > headSize) {
            throw new IllegalArgumentException(
                    "rotary positions turn " + rotary.rotatedSize() + " of " + headSize + " dimensions");
        }
    }

    /** Attention whose units are KV groups. */
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
        return with(groups, queriesPerGroup, other);
    }

    /** KV groups that are active when some leading units are. */
    public int groups(int units) {
        return unit == AttentionUnit.KV_GROUP ? units : groups;
    }

    /** Number of query heads. */
    public int heads() {
        return groups * queriesPerGroup;
    }

    /** Query heads that are active when some leading units are. */
    public int heads(int units) {
        return units * (unit == AttentionUnit.KV_GROUP ? queriesPerGroup : groups);
    }

    /** The KV group of a query head. */
    public int groupOf(int head) {
        return unit == AttentionUnit.KV_GROUP ? head / queriesPerGroup : head % groups;
    }

    /** The factor on the products of queries and keys: 1/√headSize. */
    public double scale() {
        return 1 / Math.sqrt(headSize);
    }

    @Override
    public int units() {
        return unit == AttentionUnit.KV_GROUP ? groups : queriesPerGroup;
    }

    @Override
    public int featuresPerPart() {
        return unit == AttentionUnit.KV_GROUP ? queriesPerGroup * headSize : headSize;
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
        return List.of(
                new MapShape(MapRole.QUERY, queries, hiddenSize, inputBias),
                new MapShape(MapRole.KEY, keys, hiddenSize, inputBias),
                new MapShape(MapRole.VALUE, keys, hiddenSize, inputBias),
                new MapShape(MapRole.ATTENTION_OUTPUT, hiddenSize, queries, outputBias));
    }

    @Override
    public List<Coupling> couplings() {
        if (isIdentity()) {
            return List.of();
        }
        Coupling query = new Coupling(MapRole.QUERY, Axis.ROWS, featuresPerPart());
        Coupling output = new Coupling(MapRole.ATTENTION_OUTPUT, Axis.COLUMNS, featuresPerPart());
        return switch (unit) {
            case KV_GROUP ->
                List.of(
                        query,
                        new Coupling(MapRole.KEY, Axis.ROWS, headSize),
                        new Coupling(MapRole.VALUE, Axis.ROWS, headSize),
                        output);
            case QUERY_HEAD -> List.of(query, output);
        };
    }

    @Override
    public AttentionSpec withUnits(int units) {
        return unit == AttentionUnit.KV_GROUP ? with(units, queriesPerGroup, unit) : with(groups, units, unit);
    }

    private AttentionSpec with(int someGroups, int queries, AttentionUnit someUnit) {
        return new AttentionSpec(
                normalization,
                hiddenSize,
                headSize,
                someGroups,
                queries,
                rotary,
                slidingWindow,
                inputBias,
                outputBias,
                someUnit);
    }
}
