package io.fastforward.nested;

import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.Coupling;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.MapShape;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.NormWeights;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Moves the parts of a module to other places: into nested order, back, or into a wider module. Rows of the maps that
 * make the features and columns of the output map move together, as the {@linkplain ModuleSpec#couplings() couplings}
 * say, so what the module computes stays the same.
 */
public final class PartMove {

    /** Where one of the rows or columns of a part is. */
    @FunctionalInterface
    private interface Place {
        int of(Coupling coupling, int part, int number);
    }

    private final ModuleSpec from;
    private final ModuleSpec to;
    private final Place source;
    private final Place target;
    private final Arena arena;

    /**
     * A move of all parts of a module.
     *
     * @param source where a part of {@code from} is
     * @param target where the same part is in {@code to}
     */
    private PartMove(ModuleSpec from, ModuleSpec to, Place source, Place target, Arena arena) {
        this.from = from;
        this.to = to;
        this.source = source;
        this.target = target;
        this.arena = arena;
    }

    /**
     * A module of a checkpoint in nested order.
     *
     * @param order the part that comes first, second, and so on
     * @param arena owns what moved; the rest is not copied
     */
    public static ModuleWeights toNested(ModuleSpec spec, ModuleWeights weights, List<Integer> order, Arena arena) {
        int[] parts = order.stream().mapToInt(Integer::intValue).toArray();
        Place stored = (coupling, k, number) -> coupling.stored(parts[k], number);
        return new PartMove(spec, spec, stored, Coupling::nested, arena).apply(weights);
    }

    /**
     * A module whose parts lie unit by unit, as in {@link NestedOrder#ofSource}, in another nested order.
     *
     * @param order the part that comes first, second, and so on, numbered as in a checkpoint
     * @param arena owns what moved; the rest is not copied
     */
    public static ModuleWeights reorder(ModuleSpec spec, ModuleWeights weights, List<Integer> order, Arena arena) {
        int groups = spec.partsPerUnit();
        int units = spec.units();
        Place source = (coupling, k, number) -> {
            int part = order.get(k);
            return coupling.nested(part % units * groups + part / units, number);
        };
        return new PartMove(spec, spec, source, Coupling::nested, arena).apply(weights);
    }

    /**
     * The way back: a module in nested order as it is in a checkpoint. Nested, the parts of a unit are together; in a
     * checkpoint, those of a KV group, in the order that they have here.
     *
     * @param arena owns what moved; the rest is not copied
     */
    public static ModuleWeights toStored(ModuleSpec spec, ModuleWeights weights, Arena arena) {
        int groups = spec.partsPerUnit();
        int units = spec.units();
        boolean together = spec.couplings().stream().allMatch(coupling -> coupling.interleaved() == 1);
        if (groups == 1 && together) { // the two orders are one
            return weights;
        }
        Place stored = (coupling, k, number) -> coupling.stored(k % groups * units + k / groups, number);
        return new PartMove(spec, spec, Coupling::nested, stored, arena).apply(weights);
    }

    /**
     * A pruned module filled up with zeros. A head with zero weights attends to all positions alike, but what it sees
     * there is zero; a channel with zero weights is zero, as both SiLU and ReLU are at zero; and zero columns of the
     * output map ignore either.
     *
     * @param pruned the module of the weights, with units as in checkpoints
     * @param wanted the module that is wanted, with values at least as wide and at least as many heads, groups and
     *     channels
     */
    public static ModuleWeights fillUp(ModuleSpec pruned, ModuleSpec wanted, ModuleWeights weights, Arena arena) {
        if (pruned instanceof AttentionSpec attention
                && wanted instanceof AttentionSpec whole
                && attention.valueSize() < whole.valueSize()) {
            AttentionSpec wide = attention.withValueSize(whole.valueSize());
            ModuleWeights widened = moreParts(
                    attention.withUnit(AttentionUnit.VALUE_CHANNEL),
                    wide.withUnit(AttentionUnit.VALUE_CHANNEL),
                    weights,
                    arena);
            return moreParts(wide, whole, widened, arena);
        }
        return moreParts(pruned, wanted, weights, arena);
    }

    /** A module with its parts among others: each KV group has as many as before, and then those that are new. */
    private static ModuleWeights moreParts(ModuleSpec few, ModuleSpec many, ModuleWeights weights, Arena arena) {
        Place among = (coupling, part, number) ->
                coupling.stored(part / few.units() * many.units() + part % few.units(), number);
        return new PartMove(few, many, Coupling::stored, among, arena).apply(weights);
    }

    /** A module that adds nothing to the hidden state that it normalises before, with all its weights zero. */
    public static ModuleWeights zeros(ModuleSpec spec, DataType type, Arena arena) {
        var maps = new LinkedHashMap<MapRole, Linear>();
        for (MapShape shape : spec.maps()) {
            maps.put(
                    shape.role(),
                    new Linear(
                            Matrix.allocate(arena, type, shape.rows(), shape.columns()),
                            shape.bias() ? Matrix.allocate(arena, type, 1, shape.rows()) : null));
        }
        boolean layer = spec.normalization().kind() == Normalization.Kind.LAYER;
        Matrix norm = Matrix.allocate(arena, type, 1, spec.hiddenSize());
        return new ModuleWeights(new NormWeights(norm, layer ? norm : null), maps);
    }

    /** Views of the leading units of a module in nested order. */
    public static ModuleWeights leadingUnits(ModuleSpec pruned, ModuleWeights weights) {
        Map<MapRole, Linear> cut = new EnumMap<>(MapRole.class);
        for (MapShape shape : pruned.maps()) {
            Linear map = weights.map(shape.role());
            Matrix bias = map.bias();
            cut.put(
                    shape.role(),
                    new Linear(
                            map.weight().leadingRows(shape.rows()).leadingColumns(shape.columns()),
                            bias == null ? null : bias.leadingColumns(shape.rows())));
        }
        return weights.with(cut);
    }

    private ModuleWeights apply(ModuleWeights weights) {
        Map<MapRole, Linear> moved = new EnumMap<>(MapRole.class);
        for (int i = 0; i < from.couplings().size(); i++) {
            Coupling coupling = from.couplings().get(i);
            MapShape shape = to.map(coupling.role());
            Linear map = weights.map(coupling.role());
            List<Run> runs = runs(coupling, to.couplings().get(i));
            moved.put(
                    coupling.role(),
                    switch (coupling.axis()) {
                        case ROWS -> moveRows(map, runs, shape.rows());
                        case COLUMNS -> new Linear(moveColumns(map.weight(), runs, shape.columns()), map.bias());
                    });
        }
        return weights.with(moved);
    }

    /** Consecutive rows or columns that stay together. */
    private record Run(int source, int target, int length) {}

    private List<Run> runs(Coupling before, Coupling after) {
        List<Run> runs = new ArrayList<>();
        Run run = new Run(source.of(before, 0, 0), target.of(after, 0, 0), 0);
        for (int part = 0; part < from.parts(); part++) {
            for (int number = 0; number < before.width(); number++) {
                int first = source.of(before, part, number);
                int second = target.of(after, part, number);
                if (first == run.source + run.length && second == run.target + run.length) {
                    run = new Run(run.source, run.target, run.length + 1);
                } else {
                    runs.add(run);
                    run = new Run(first, second, 1);
                }
            }
        }
        runs.add(run);
        return runs;
    }

    private Linear moveRows(Linear map, List<Run> runs, int rows) {
        Matrix weight = map.weight();
        Matrix moved = Matrix.allocate(arena, weight.type(), rows, weight.columns());
        for (Run run : runs) {
            weight.rowRange(run.source, run.length).copyTo(moved.rowRange(run.target, run.length));
        }
        Matrix bias = map.bias();
        return new Linear(moved, bias == null ? null : moveColumns(bias, runs, rows));
    }

    private Matrix moveColumns(Matrix matrix, List<Run> runs, int columns) {
        Matrix moved = Matrix.allocate(arena, matrix.type(), matrix.rows(), columns);
        int bytes = matrix.type().bytes();
        for (int row = 0; row < matrix.rows(); row++) {
            long source = row * matrix.rowStride() * bytes;
            long target = row * moved.rowStride() * bytes;
            for (Run run : runs) {
                MemorySegment.copy(
                        matrix.data(),
                        source + (long) run.source * bytes,
                        moved.data(),
                        target + (long) run.target * bytes,
                        (long) run.length * bytes);
            }
        }
        return moved;
    }
}
