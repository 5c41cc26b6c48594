package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.model.Model;
import io.fastforward.plugin.PluginKind;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.prune.CollectedLayers;
import io.fastforward.prune.LayerInput;
import io.fastforward.prune.ModulePatterns;
import io.fastforward.prune.Sparsification;
import io.fastforward.prune.SparsifyingPass;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.prune.Sparsifier;
import io.fastforward.testing.Backends;
import io.fastforward.testing.PluginJar;
import io.fastforward.testing.RandomLlama;
import io.fastforward.testing.RunningModel;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Plugins of others, built against the contract's jar alone, are loaded, take their options, and do their part of a run. */
class ExternalPluginsTest {

    /** Its scores fall with the index, so that the leading units are kept as they are stored, or rise. */
    private static final String CRITERION = """
            import io.fastforward.spi.*;
            import io.fastforward.spi.measure.*;
            import io.fastforward.spi.prune.*;
            import java.util.*;

            public class ByIndex implements Criterion.Provider {
                public String id() { return "by-index"; }
                public String description() { return "scores units by their index"; }
                public List<OptionSpec> options() {
                    return List.of(OptionSpec.oneOf("first", "what is kept", "low", List.of("low", "high")));
                }
                public Criterion create(Options options) {
                    int sign = options.text("first").equals("low") ? -1 : 1;
                    return new Criterion() {
                        public Set<Wish> wishes() { return Set.of(Wish.features(Moment.GRAM)); }
                        public double[] score(ModuleView module, int kept, Workbench workbench) {
                            int features = module.spec().features(module.spec().units());
                            if (module.measured().get(Wish.features(Moment.GRAM)).rows() != features) {
                                throw new IllegalStateException("no Gram matrix");
                            }
                            double[] scores = new double[module.spec().parts()];
                            for (int i = 0; i < scores.length; i++) scores[i] = sign * i;
                            return scores;
                        }
                    };
                }
            }
            """;

    /** It replaces every map by what would be cut from it anyway, times a factor. */
    private static final String CALIBRATOR = """
            import io.fastforward.spi.*;
            import io.fastforward.spi.measure.*;
            import io.fastforward.spi.model.*;
            import io.fastforward.spi.prune.*;
            import io.fastforward.spi.tensor.*;
            import java.util.*;

            public class Scaling implements Calibrator.Provider {
                public String id() { return "scaling"; }
                public String description() { return "multiplies what is left"; }
                public List<OptionSpec> options() {
                    return List.of(OptionSpec.number("factor", "of all weights", 1, OptionSpec.Range.ANY));
                }
                public Calibrator create(Options options) { return new Repairing(options.number("factor")); }

                record Repairing(double factor) implements Calibrator {
                    public Set<Wish> wishes() {
                        return Set.of(Wish.input(Moment.SQUARE_SUMS), Wish.denseFeatures(Moment.SUMS));
                    }
                    public Repair repair(ModuleView module, int kept, Workbench workbench) {
                        for (Tap tap : List.of(Tap.INPUT, Tap.FEATURES)) {
                            long tokens = 0;
                            for (Matrix batch : workbench.batches(tap)) tokens += batch.rows();
                            if (tokens != module.measured().tokens()) throw new IllegalStateException(tap + ": " + tokens);
                        }
                        Map<MapRole, Linear> replaced = new HashMap<>();
                        for (MapShape shape : module.spec().withUnits(kept).maps()) {
                            Linear map = module.weights().map(shape.role());
                            Matrix bias = map.bias();
                            replaced.put(shape.role(), new Linear(
                                    scaled(map.weight(), shape.rows(), shape.columns(), workbench),
                                    bias == null ? null : scaled(bias, 1, shape.rows(), workbench)));
                        }
                        return new Repair(replaced, Double.NaN, 0, "scaled by " + factor);
                    }
                    private Matrix scaled(Matrix source, int rows, int columns, Workbench workbench) {
                        Matrix target = Matrix.allocate(workbench.arena(), DataType.F32, rows, columns);
                        for (int i = 0; i < rows; i++) {
                            for (int j = 0; j < columns; j++) target.set(i, j, (float) (factor * source.get(i, j)));
                        }
                        return target;
                    }
                }
            }
            """;

    private static final String SPARSIFIER = """
            import io.fastforward.spi.*;
            import io.fastforward.spi.measure.*;
            import io.fastforward.spi.model.*;
            import io.fastforward.spi.prune.*;
            import io.fastforward.spi.tensor.*;
            import java.util.*;

            public class Leading implements Sparsifier.Provider {
                public String id() { return "leading"; }
                public String description() { return "zeroes the first weights of every group"; }
                public List<OptionSpec> options() {
                    return List.of(OptionSpec.number("factor", "of the others", 1, OptionSpec.Range.above(0)));
                }
                public Sparsifier create(Options options) { return new Zeroing(options.number("factor")); }

                record Zeroing(double factor) implements Sparsifier {
                    public Set<Wish> wishes(Tap tap) {
                        return Set.of(new Wish(tap, Moment.SUMS, HiddenStream.OWN));
                    }
                    public boolean repairs() { return true; }
                    public Linear sparsify(MapView map, Pattern pattern, Workbench workbench) {
                        Matrix source = map.map().weight();
                        Matrix bias = map.map().bias();
                        if (map.moment(Moment.SUMS).columns() != source.columns()) throw new IllegalStateException();
                        return new Linear(
                                zeroed(source, pattern, workbench),
                                bias == null ? null : zeroed(bias, null, workbench));
                    }
                    private Matrix zeroed(Matrix source, Pattern pattern, Workbench workbench) {
                        Matrix target =
                                Matrix.allocate(workbench.arena(), DataType.F32, source.rows(), source.columns());
                        for (int i = 0; i < source.rows(); i++) {
                            for (int j = 0; j < source.columns(); j++) {
                                boolean zero = pattern != null
                                        && j % pattern.groupSize(source.columns()) < pattern.zerosInGroup(source.columns());
                                target.set(i, j, zero ? 0 : (float) (factor * source.get(i, j)));
                            }
                        }
                        return target;
                    }
                }
            }
            """;

    @TempDir
    private Path directory;

    /** What a calibrator leaves as it is comes out as without one: its maps have gone to the device and back. */
    @Test
    void aCriterionAndACalibratorPrune() throws IOException {
        Path plugins = Files.createDirectory(directory.resolve("plugins"));
        new PluginJar()
                .service(Criterion.Provider.class, "ByIndex")
                .compiled("ByIndex", CRITERION)
                .write(plugins.resolve("criterion.jar"));
        new PluginJar()
                .service(Calibrator.Provider.class, "Scaling")
                .compiled("Scaling", CALIBRATOR)
                .write(plugins.resolve("calibrator.jar"));

        byte[] cut = pruned("cut", "none", plugins, "criterion.first=low");
        assertThat(pruned("same", "scaling", plugins, "criterion.first=low")).isEqualTo(cut);
        assertThat(pruned("half", "scaling", plugins, "calibrator.factor=0.5")).isNotEqualTo(cut);
        assertThat(pruned("high", "none", plugins, "criterion.first=high")).isNotEqualTo(cut);
    }

    private byte[] pruned(String name, String calibrator, Path plugins, String option) throws IOException {
        Path output = directory.resolve(name);
        SmallRun small = SmallRun.into(output);
        new SmallRun(small.model(), small.options(), List.of("--option", option))
                .with("--plugins", plugins)
                .with("--criterion", "by-index")
                .with("--calibrator", calibrator)
                .with("--agent", "uniform")
                .run()
                .succeeds();
        return Files.readAllBytes(output.resolve("model.safetensors"));
    }

    @Test
    void aSparsifierSparsifies() throws IOException {
        Path plugins = Files.createDirectory(directory.resolve("plugins"));
        new PluginJar()
                .service(Sparsifier.Provider.class, "Leading")
                .compiled("Leading", SPARSIFIER)
                .write(plugins.resolve("sparsifier.jar"));
        PluginRegistry registry = PluginRegistry.load(plugins);
        Sparsifier.Provider provider = registry.find(PluginKind.SPARSIFIER, "leading");
        Sparsifier sparsifier =
                provider.create(PluginRegistry.options(PluginKind.SPARSIFIER, provider, Map.of("factor", "2")));
        try (Model model = Model.open(new RandomLlama().write(directory.resolve("model")));
                ComputeBackend backend = Backends.cpu();
                CollectedLayers layers = new CollectedLayers();
                Arena arena = Arena.ofShared()) {
            new SparsifyingPass(
                            backend,
                            Backends.linearAlgebra(),
                            model,
                            new Sparsification(
                                    sparsifier,
                                    ModulePatterns.everywhere(Pattern.parse("1:2")),
                                    LayerInput.PRUNED_PREFIX,
                                    0),
                            1)
                    .run(RunningModel.randomWindows(model.spec(), 8, 3, 1), layers, done -> {});
            for (int layer = 0; layer < 2; layer++) {
                LayerWeights sparse = layers.layer(layer, arena);
                LayerWeights dense = model.layer(layer);
                sparse.mlp().maps().forEach((role, map) -> {
                    assertThat(map.weight().get(1, 2)).isZero();
                    assertThat(map.weight().get(1, 3))
                            .isEqualTo(2 * dense.mlp().map(role).weight().get(1, 3));
                });
                assertThat(sparse.attention().output().weight().get(2, 0)).isZero();
            }
        }
    }
}
