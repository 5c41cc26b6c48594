package io.fastforward.settings;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.search.Budget;
import io.fastforward.search.Constraints;
import io.fastforward.spi.format.Demands;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.ModelSpec;
import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;

/**
 * What has to go, and what must stay.
 *
 * @param sparsity share of the decoder layers' linear parameters to remove; ignored if a policy is given
 * @param attention what of attention may be pruned
 * @param minimumRetention smallest share of its units that a module keeps
 * @param widthMultiple what divides the widths of pruned modules
 * @param keptLayers layers that are left whole, counted from 0
 * @param targetRuntime what the result has to run on, which may add constraints
 */
public record BudgetSettings(
        double sparsity,
        AttentionPruning attention,
        double minimumRetention,
        int widthMultiple,
        Set<Integer> keptLayers,
        TargetRuntime targetRuntime) {

    /** What holds unless the user says otherwise. */
    public static final BudgetSettings DEFAULT = new BudgetSettings(
            0.5, AttentionPruning.AUTO, Budget.DEFAULT_MINIMUM_RETENTION, 1, Set.of(), TargetRuntime.HF);

    public BudgetSettings {
        Setting.SPARSITY.require(sparsity > 0 && sparsity < 1, "between 0 and 1, both excluded", sparsity);
        Setting.MINIMUM_RETENTION.require(
                minimumRetention >= 0 && minimumRetention <= 1, "from 0 to 1", minimumRetention);
        Setting.WIDTH_MULTIPLE.requireAtLeast(1, widthMultiple);
        keptLayers.forEach(layer -> Setting.KEPT_LAYERS.requireAtLeast(0, layer));
        // Sorted, because a set is written to files in its own order.
        keptLayers = Collections.unmodifiableSortedSet(new TreeSet<>(keptLayers));
    }

    /** The same where a format is known: what of attention is pruned may follow from it. */
    public BudgetSettings in(Demands demands) {
        return attention == AttentionPruning.AUTO && demands.wholeValues()
                ? new BudgetSettings(
                        sparsity, AttentionPruning.KV_GROUP, minimumRetention, widthMultiple, keptLayers, targetRuntime)
                : this;
    }

    /** What of attention is pruned on the target runtime. */
    public AttentionPruning prunedAttention() {
        return attention.on(targetRuntime);
    }

    /** The unit of attention that is pruned, or would be. */
    public AttentionUnit unit() {
        return prunedAttention().unit();
    }

    /** A model's architecture with these units of attention. */
    public ModelSpec units(ModelSpec model) {
        return model.withAttentionUnit(unit());
    }

    /**
     * What the sparsity means for a model.
     *
     * @param demands of the format that these settings are {@linkplain #in for}
     * @throws Failure if the model or what it has to run on cannot be pruned like this
     */
    public Budget of(ModelSpec model, Demands demands) {
        boolean grouped =
                model.layers().stream().anyMatch(layer -> layer.attention().queriesPerGroup() > 1);
        AttentionPruning pruned = prunedAttention();
        if (pruned == AttentionPruning.QUERY_HEADS && !grouped) {
            throw FailureKind.USAGE.failure(
                    Setting.ATTENTION + " query-heads: in this model every KV group has a single query head, so none"
                            + " can go; use " + Setting.ATTENTION + " kv-group, which removes heads, or none");
        }
        requireRunnableValues(model);
        requireWholeValues(pruned, demands);
        boolean whole = pruned == AttentionPruning.NONE || demands.wholeAttention();
        Constraints asked = new Constraints(minimumRetention, widthMultiple, keptLayers, whole)
                .withMultipleOf(demands.widthMultiple());
        return new Budget(units(model).modules(), targetRuntime.constrain(model.family(), pruned, asked));
    }

    /** A checkpoint that was pruned by value channels before has what the other runtimes do not hold. */
    private void requireRunnableValues(ModelSpec model) {
        boolean full = model.layers().stream()
                .map(LayerSpec::attention)
                .allMatch(layer -> layer.isIdentity() || layer.valueSize() == layer.headSize());
        if (targetRuntime != TargetRuntime.HF && !full) {
            throw FailureKind.UNSUPPORTED_MODEL.failure(Setting.TARGET_RUNTIME + " " + targetRuntime
                    + " holds values as wide as keys alone, but this model was pruned by value channels; leave "
                    + Setting.TARGET_RUNTIME + " out: " + Setting.FORMAT
                    + " hf-padded gives a model that runs wherever the unpruned one does");
        }
    }

    /** Some formats hold layers with other numbers of heads, but not with narrower values. */
    private static void requireWholeValues(AttentionPruning pruned, Demands demands) {
        if (pruned == AttentionPruning.VALUE_CHANNELS && demands.wholeValues()) {
            throw FailureKind.USAGE.failure("this " + Setting.FORMAT
                    + " holds values as wide as keys alone, so " + Setting.ATTENTION
                    + " value-channels cannot be; use " + Setting.ATTENTION + " kv-group, or none");
        }
    }

    /**
     * Checks that some policy reaches the sparsity, and says where constraints come from that nobody wrote.
     *
     * @throws Failure if none does
     */
    public void requireReachable(Budget budget) {
        try {
            budget.allowance(sparsity);
        } catch (Failure e) {
            throw e.kind().failure(e.getMessage() + limits(), e);
        }
    }

    /** What keeps from a sparsity beside the constraints that the user has written. */
    private String limits() {
        return (targetRuntime == TargetRuntime.HF
                        ? ""
                        : " (" + Setting.TARGET_RUNTIME + " " + targetRuntime + " stands for some of them)")
                + (prunedAttention() == AttentionPruning.VALUE_CHANNELS
                        ? " (value channels leave all queries and keys; " + Setting.ATTENTION
                                + " kv-group lets them go, too)"
                        : "");
    }
}
