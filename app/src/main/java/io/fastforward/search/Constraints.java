package io.fastforward.search;

import io.fastforward.failure.Setting;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a policy must not do, whatever the scores say. All constraints hold at once, and a module that is whole violates
 * none of them. Whoever makes them has checked the ranges.
 *
 * @param minimumRetention smallest share of its units that a module retains, in [0, 1], rounded up to units, at least
 *     one; at 0 a module may go altogether
 * @param widthMultiple what divides the number of features of every module that is pruned, at least 1. Kernels are
 *     fastest at multiples of their tiles.
 * @param skippedLayers layers that are not pruned, counted from 0
 * @param attentionFixed whether no attention module is pruned
 */
public record Constraints(
        double minimumRetention, int widthMultiple, Set<Integer> skippedLayers, boolean attentionFixed) {

    public Constraints {
        // Sorted, because a set is written to files in its own order.
        skippedLayers = Collections.unmodifiableSortedSet(new TreeSet<>(skippedLayers));
    }

    /** A minimum retention, nothing else. */
    public static Constraints ofMinimumRetention(double minimumRetention) {
        return new Constraints(minimumRetention, 1, Set.of(), false);
    }

    /** These constraints with widths that are multiples of another number too. */
    public Constraints withMultipleOf(int multiple) {
        int common = (int) Sizes.greatestCommonDivisor(multiple, widthMultiple);
        return new Constraints(
                minimumRetention, Math.multiplyExact(widthMultiple / common, multiple), skippedLayers, attentionFixed);
    }

    /** These constraints with attention that is not pruned. */
    public Constraints withAttentionFixed() {
        return new Constraints(minimumRetention, widthMultiple, skippedLayers, true);
    }

    /** What can be relaxed by itself. */
    enum Kind {
        MINIMUM_RETENTION,
        WIDTH_MULTIPLE,
        SKIPPED_LAYERS,
        FIXED_ATTENTION
    }

    /** The constraints that constrain anything. */
    Set<Kind> active() {
        Set<Kind> active = EnumSet.allOf(Kind.class);
        active.removeIf(kind -> without(Set.of(kind)).equals(this));
        return active;
    }

    /** These constraints without some. */
    Constraints without(Set<Kind> relaxed) {
        return new Constraints(
                relaxed.contains(Kind.MINIMUM_RETENTION) ? 0 : minimumRetention,
                relaxed.contains(Kind.WIDTH_MULTIPLE) ? 1 : widthMultiple,
                relaxed.contains(Kind.SKIPPED_LAYERS) ? Set.of() : skippedLayers,
                !relaxed.contains(Kind.FIXED_ATTENTION) && attentionFixed);
    }

    /** How a user relaxes a constraint. */
    String relaxation(Kind kind) {
        return switch (kind) {
            case MINIMUM_RETENTION -> "with " + Setting.MINIMUM_RETENTION + " 0";
            case WIDTH_MULTIPLE -> "without " + Setting.WIDTH_MULTIPLE + " " + widthMultiple;
            case SKIPPED_LAYERS -> "without " + Setting.KEPT_LAYERS;
            case FIXED_ATTENTION -> "without " + Setting.ATTENTION + " none";
        };
    }
}
