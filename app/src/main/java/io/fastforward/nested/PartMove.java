package io.fastforward.nested;

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
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Moves the parts of a module to other places: into another order, or into a wider module. Rows of the maps that make
 * the features and columns of the output map move together, as the {@linkplain ModuleSpec#couplings() couplings} say, so
 * what the module computes stays the same.
 */
public final class PartMove {

    private final ModuleSpec from;
    private final ModuleSpec to;
    private final int[] sources;
    private final Arena arena;

    /** @param sources the part of {@code from} that comes to each of the leading parts of {@code to} */
    private PartMove(ModuleSpec from, ModuleSpec to, int[] sources, Arena arena) {
        this.from = from;
        this.to = to;
        this.sources = sources;
        this.arena = arena;
    }

    /**
     * A module with its parts in another order.
     *
     * @param order the part that comes first, second, and so on
     * @param arena owns what moved; the rest is not copied
     */
    public static ModuleWeights reorder(ModuleSpec spec, ModuleWeights weights, List<Integer> order, Arena arena) {
        int[] sources = order.stream().mapToInt(Integer::intValue).toArray();
        return new PartMove(spec, spec, sources, arena).apply(weights);
    }

    /**
     * A pruned module filled up with zeros. A head with zero weights attends to all positions alike, but what it sees
     * there is zero; a channel with zero weights is zero, as both SiLU and ReLU are at zero; and zero columns of the
     * output map ignore either.
     *
     * @param pruned the module of the weights, with units as in checkpoints
     * @param wanted the module that is wanted, with at least as many heads, groups and channels
     */
    public static ModuleWeights fillUp(ModuleSpec pruned, ModuleSpec wanted, ModuleWeights weights, Arena arena) {
        int[] sources = IntStream.range(0, pruned.parts()).toArray();
        return new PartMove(pruned, wanted, sources, arena).apply(weights);
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
            Coupling source = from.couplings().get(i);
            Coupling target = to.couplings().get(i);
            Linear map = weights.map(source.role());
            moved.put(
                    source.role(),
                    switch (source.axis()) {
                        case ROWS -> moveRows(map, source.width(), target);
                        case COLUMNS -> moveColumns(map, source.width(), target);
                    });
        }
        return weights.with(moved);
    }

    private Linear moveRows(Linear map, int width, Coupling target) {
        Matrix weight = map.weight();
        int rows = to.map(target.role()).rows();
        Matrix moved = Matrix.allocate(arena, weight.type(), rows, weight.columns());
        for (int part = 0; part < sources.length; part++) {
            weight.rowRange(sources[part] * width, width).copyTo(moved.rowRange(part * target.width(), width));
        }
        Matrix bias = map.bias();
        return new Linear(moved, bias == null ? null : moveColumns(bias, rows, width, target.width()));
    }

    private Linear moveColumns(Linear map, int width, Coupling target) {
        int columns = to.map(target.role()).columns();
        return new Linear(moveColumns(map.weight(), columns, width, target.width()), map.bias());
    }

    private Matrix moveColumns(Matrix matrix, int columns, int width, int targetWidth) {
        Matrix moved = Matrix.allocate(arena, matrix.type(), matrix.rows(), columns);
        int bytes = matrix.type().bytes();
        for (int row = 0; row < matrix.rows(); row++) {
            long source = row * matrix.rowStride() * bytes;
            long target = row * moved.rowStride() * bytes;
            for (int part = 0; part < sources.length; part++) {
                MemorySegment.copy(
                        matrix.data(),
                        source + (long) sources[part] * width * bytes,
                        moved.data(),
                        target + (long) part * targetWidth * bytes,
                        (long) width * bytes);
            }
        }
        return moved;
    }
}
