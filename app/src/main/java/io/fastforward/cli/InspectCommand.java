package io.fastforward.cli;

import io.fastforward.evaluate.ZeroShares;
import io.fastforward.evaluate.ZeroShares.MapZeros;
import io.fastforward.failure.FailureKind;
import io.fastforward.model.Model;
import io.fastforward.record.RunRecord;
import io.fastforward.report.RetentionChart;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.ModelSpec;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows what a checkpoint holds, or what a run has learned of a model. */
@Command(
        name = "inspect",
        description = {
            "Shows architecture, parameters per module, and what each layer of a pruned model retains;",
            "of the record of a run, what each module lacks with fewer units, and how many it keeps."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  fastforward inspect OUT_DIR", "  fastforward inspect OUT_DIR-run"},
        mixinStandardHelpOptions = true)
final class InspectCommand implements Runnable {

    @Parameters(paramLabel = "DIR", description = "Checkpoint directory, or directory of a run's record.")
    private Path directory;

    @Option(names = "--zeros", description = "Read all weights, and count how many of every map are zero.")
    private boolean zeros;

    @Mixin
    private CommonOptions common;

    @SuppressWarnings("NullAway.Init") // picocli fills in the fields
    InspectCommand() {}

    /**
     * The facts of a checkpoint.
     *
     * @param family of its architecture
     * @param pruned whether it has fewer units than its config says that it had
     * @param parameters all of them
     * @param decoderParameters those of the decoder layers' linear maps
     * @param sparsity share of the decoder layers' linear parameters that was removed
     * @param hiddenSize width of the residual stream
     * @param vocabularySize tokens that it knows
     * @param contextLength most tokens of a sequence
     * @param tiedEmbeddings whether the head is the embedding
     * @param layers one after the other
     * @param zeros of every map; null unless they were asked for
     * @param remarks what is odd about the checkpoint, a line each
     */
    record Inspection(
            String family,
            boolean pruned,
            long parameters,
            long decoderParameters,
            double sparsity,
            int hiddenSize,
            int vocabularySize,
            int contextLength,
            boolean tiedEmbeddings,
            List<Layer> layers,
            @Nullable ZeroShares zeros,
            List<String> remarks) {}

    /**
     * One layer.
     *
     * @param queryHeads that it has
     * @param kvGroups that it has
     * @param ofKvGroups that it had before pruning
     * @param headSize of queries and keys
     * @param valueSize of values
     * @param mlpChannels that it has
     * @param ofMlpChannels that it had before pruning
     * @param attentionParameters of attention's linear maps
     * @param mlpParameters of the MLP's linear maps
     */
    record Layer(
            int queryHeads,
            int kvGroups,
            int ofKvGroups,
            int headSize,
            int valueSize,
            int mlpChannels,
            int ofMlpChannels,
            long attentionParameters,
            long mlpParameters) {}

    @Override
    public void run() {
        if (RunRecord.holdsRun(directory) && !Files.exists(directory.resolve("config.json"))) {
            if (zeros) {
                throw FailureKind.USAGE.failure("--zeros is for checkpoints, but '" + directory
                        + "' is the record of a run; give the directory of its output");
            }
            RunInspection.print(directory, common);
            return;
        }
        try (Model model = Model.open(directory)) {
            Inspection facts = inspect(model, zeros);
            common.print(facts, out -> print(model, facts, out));
        }
    }

    private static Inspection inspect(Model model, boolean countsZeros) {
        ModelSpec own = model.spec();
        ModelSpec unpruned = model.unprunedSpec();
        List<Layer> layers = new ArrayList<>();
        for (int i = 0; i < own.layers().size(); i++) {
            LayerSpec layer = own.layers().get(i);
            LayerSpec before = unpruned.layers().get(i);
            layers.add(new Layer(
                    layer.attention().heads(),
                    layer.attention().groups(),
                    before.attention().groups(),
                    layer.attention().headSize(),
                    layer.attention().valueSize(),
                    layer.mlp().channels(),
                    before.mlp().channels(),
                    layer.attention().parameters(),
                    layer.mlp().parameters()));
        }
        return new Inspection(
                own.family(),
                !own.equals(unpruned) || model.unprunedLayers() > layers.size(),
                own.parameters(),
                own.decoderParameters(),
                sparsity(model, unpruned),
                own.hiddenSize(),
                own.vocabularySize(),
                own.contextLength(),
                own.tiedEmbeddings(),
                layers,
                countsZeros ? ZeroShares.count(own, model, ZeroShares.GROUPS, layer -> {}) : null,
                model.remarks());
    }

    /** The layers of an unpruned model have one size, so those that are gone had the size of those that are left. */
    private static double sparsity(Model model, ModelSpec unpruned) {
        double layer = (double) unpruned.decoderParameters() / unpruned.layers().size();
        return 1 - model.spec().decoderParameters() / (layer * model.unprunedLayers());
    }

    private static String goneLayers(Model model) {
        int gone = model.unprunedLayers() - model.spec().layers().size();
        return gone == 0 ? "" : ", " + gone + " of " + model.unprunedLayers() + " layers altogether";
    }

    private static void print(Model model, Inspection facts, PrintWriter out) {
        out.printf(
                Locale.ROOT,
                "architecture  %s, %d layers%n",
                facts.family(),
                facts.layers().size());
        out.printf(
                Locale.ROOT,
                "sizes         hidden %d, vocabulary %d, context %d, embeddings %s%n",
                facts.hiddenSize(),
                facts.vocabularySize(),
                facts.contextLength(),
                facts.tiedEmbeddings() ? "tied" : "untied");
        out.printf(
                Locale.ROOT,
                "parameters    %,d, of them %,d in the layers' linear maps%n",
                facts.parameters(),
                facts.decoderParameters());
        out.printf(Locale.ROOT, "weights       %,d bytes%n", model.checkpoint().parameterBytes());
        if (facts.pruned()) {
            out.printf(
                    Locale.ROOT,
                    "pruned        %.2f%% of the layers' linear parameters were removed%s%n",
                    100 * facts.sparsity(),
                    goneLayers(model));
        }
        facts.remarks().forEach(out::println);
        out.println();
        if (facts.pruned()) {
            RetentionChart.lines(model.unprunedSpec(), model.spec()).forEach(out::println);
            out.println();
        }
        out.println(
                "layer  query heads  KV groups  head size  value size  MLP channels       attention             MLP");
        for (int i = 0; i < facts.layers().size(); i++) {
            Layer layer = facts.layers().get(i);
            out.printf(
                    Locale.ROOT,
                    "%5d  %11d  %9d  %9d  %10d  %12d  %,14d  %,14d%n",
                    i,
                    layer.queryHeads(),
                    layer.kvGroups(),
                    layer.headSize(),
                    layer.valueSize(),
                    layer.mlpChannels(),
                    layer.attentionParameters(),
                    layer.mlpParameters());
        }
        if (facts.zeros() != null) {
            out.println();
            print(facts.zeros(), out);
        }
    }

    private static void print(ZeroShares zeros, PrintWriter out) {
        List<MapRole> roles =
                zeros.maps().stream().map(MapZeros::role).distinct().sorted().toList();
        out.printf(
                Locale.ROOT,
                "zeros         %.2f%% of the weights of the layers' linear maps%s%n",
                100 * zeros.share(),
                zeros.patterns().isEmpty()
                        ? ""
                        : "; in every map, " + String.join(" and ", zeros.patterns()) + " holds");
        out.println(roles.stream()
                .map(role ->
                        "%16s".formatted(role.name().toLowerCase(Locale.ROOT).replace('_', ' ')))
                .collect(Collectors.joining("", "layer", "")));
        Map<Integer, List<MapZeros>> byLayer = zeros.maps().stream()
                .collect(Collectors.groupingBy(MapZeros::layer, TreeMap::new, Collectors.toList()));
        byLayer.forEach((layer, maps) -> out.println(roles.stream()
                .map(role -> maps.stream()
                        .filter(map -> map.role() == role)
                        .findFirst()
                        .map(map -> String.format(Locale.ROOT, "%15.2f%%", 100 * map.share()))
                        .orElse(" ".repeat(16)))
                .collect(Collectors.joining("", "%5d".formatted(layer), ""))));
    }
}
