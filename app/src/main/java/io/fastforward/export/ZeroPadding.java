package io.fastforward.export;

import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.AttentionWeights;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MlpWeights;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/**
 * Fills a pruned layer up with zeros to the widths of another. A head with zero weights attends to all positions alike,
 * but what it sees there is zero; a channel with zero weights is zero, as both SiLU and ReLU are at zero; and zero
 * columns of the output maps ignore either.
 *
 * @param pruned the widths of the weights, with units as in checkpoints
 * @param wanted the widths that are wanted, at least as many heads, groups and channels
 */
record ZeroPadding(LayerSpec pruned, LayerSpec wanted) {

    /** Where a run of rows or columns goes. */
    private record Run(int from, int to, int count) {}

    LayerWeights apply(LayerWeights weights, Arena arena) {
        AttentionSpec attention = wanted.attention();
        int queries = attention.features(attention.units());
        int keys = attention.groups() * attention.headSize();
        int channels = wanted.mlp().channels();
        Run[] keyRun = {new Run(0, 0, pruned.attention().groups() * attention.headSize())};
        Run[] channelRun = {new Run(0, 0, pruned.mlp().channels())};
        AttentionWeights attended = weights.attention();
        MlpWeights mlp = weights.mlp();
        @Nullable Linear gate = mlp.gate();
        return new LayerWeights(
                new AttentionWeights(
                        attended.norm(),
                        padRows(attended.query(), queries, queryRuns(), arena),
                        padRows(attended.key(), keys, keyRun, arena),
                        padRows(attended.value(), keys, keyRun, arena),
                        padColumns(attended.output(), queries, queryRuns(), arena)),
                new MlpWeights(
                        mlp.norm(),
                        gate == null ? null : padRows(gate, channels, channelRun, arena),
                        padRows(mlp.up(), channels, channelRun, arena),
                        padColumns(mlp.output(), channels, channelRun, arena)));
    }

    /** The query heads of a KV group stay together, so each group is filled up by itself. */
    private Run[] queryRuns() {
        int width = pruned.attention().queriesPerGroup() * pruned.attention().headSize();
        int wantedWidth =
                wanted.attention().queriesPerGroup() * wanted.attention().headSize();
        Run[] runs = new Run[pruned.attention().groups()];
        for (int group = 0; group < runs.length; group++) {
            runs[group] = new Run(group * width, group * wantedWidth, width);
        }
        return runs;
    }

    private static Linear padRows(Linear map, int rows, Run[] runs, Arena arena) {
        Matrix weight = map.weight();
        Matrix padded = Matrix.allocate(arena, weight.type(), rows, weight.columns());
        for (Run run : runs) {
            weight.rowRange(run.from(), run.count()).copyTo(padded.rowRange(run.to(), run.count()));
        }
        Matrix bias = map.bias();
        return new Linear(padded, bias == null ? null : padColumns(bias, rows, runs, arena));
    }

    private static Linear padColumns(Linear map, int columns, Run[] runs, Arena arena) {
        return new Linear(padColumns(map.weight(), columns, runs, arena), map.bias());
    }

    private static Matrix padColumns(Matrix matrix, int columns, Run[] runs, Arena arena) {
        Matrix padded = Matrix.allocate(arena, matrix.type(), matrix.rows(), columns);
        for (Run run : runs) {
            matrix.columnRange(run.from(), run.count()).copyTo(padded.columnRange(run.to(), run.count()));
        }
        return padded;
    }
}
