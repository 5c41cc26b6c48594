package io.fastforward.evaluate;

import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.WeightSource;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * How many weights of every linear map are zero, counted in the weights themselves.
 *
 * @param maps the maps, layer by layer
 * @param patterns those of the patterns that were asked about that hold in every map
 */
public record ZeroShares(List<MapZeros> maps, List<String> patterns) {

    /** Groups of weights that some hardware multiplies faster. */
    public static final List<Pattern> GROUPS = List.of(new Pattern.Groups(2, 4), new Pattern.Groups(4, 8));

    public ZeroShares {
        maps = List.copyOf(maps);
        patterns = List.copyOf(patterns);
    }

    /**
     * One map.
     *
     * @param layer its layer, counted from 0
     * @param role what it does there
     * @param zeros how many of its weights are zero
     * @param weights of how many
     */
    public record MapZeros(int layer, MapRole role, long zeros, long weights) {

        /** Zeros ÷ weights. */
        public double share() {
            return (double) zeros / weights;
        }
    }

    /**
     * Counts.
     *
     * @param asked patterns that may hold
     * @param progress is told the number of layers that are done
     */
    public static ZeroShares count(ModelSpec spec, WeightSource weights, List<Pattern> asked, IntConsumer progress) {
        List<MapZeros> maps = new ArrayList<>();
        List<Pattern> holding = new ArrayList<>(asked);
        for (int i = 0; i < spec.layers().size(); i++) {
            try (Arena arena = Arena.ofShared()) {
                LayerWeights layer = weights.layer(i, arena);
                for (ModuleWeights module : List.of(layer.attention(), layer.mlp())) {
                    int index = i;
                    module.maps().forEach((role, map) -> maps.add(count(index, role, map)));
                    holding.removeIf(pattern -> !module.maps().values().stream().allMatch(map -> holds(pattern, map)));
                }
            }
            progress.accept(i + 1);
        }
        return new ZeroShares(maps, holding.stream().map(Pattern::toString).toList());
    }

    /** Zeros of all maps ÷ weights of all maps. */
    public double share() {
        long zeros = maps.stream().mapToLong(MapZeros::zeros).sum();
        return (double) zeros / maps.stream().mapToLong(MapZeros::weights).sum();
    }

    private static MapZeros count(int layer, MapRole role, Linear map) {
        Matrix weight = map.weight();
        long zeros = 0;
        for (int row = 0; row < weight.rows(); row++) {
            for (int column = 0; column < weight.columns(); column++) {
                zeros += weight.get(row, column) == 0 ? 1 : 0;
            }
        }
        return new MapZeros(layer, role, zeros, (long) weight.rows() * weight.columns());
    }

    private static boolean holds(Pattern pattern, Linear map) {
        try {
            pattern.requireFits(map.weight().columns());
        } catch (IllegalArgumentException _) {
            return false;
        }
        return pattern.holdsIn(map.weight());
    }
}
