package io.fastforward.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fastforward.failure.FailureKind;
import io.fastforward.model.Model;
import io.fastforward.spi.Options;
import io.fastforward.spi.Plugin;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceException;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.measure.Measured;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.NormWeights;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.model.SearchSpace;
import io.fastforward.spi.model.Site;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.search.PolicyAgent;
import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.spi.search.Workload;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testing.Failures;
import io.fastforward.testing.FaultyPlugins;
import io.fastforward.testing.RandomLlama;
import io.fastforward.testing.WorkbenchWithoutDevice;
import java.io.PrintWriter;
import java.io.Writer;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whatever a plugin does against its contract ends in a failure that names it and its jar. */
class FaultyPluginsTest {

    private static final SearchSpace SPACE = new SearchSpace(
            Collections.nCopies(
                    4, new Site(0, Site.Kind.MLP, 10, 1, 36, 0, 1, Collections.nCopies(10, 0.0), List.of())),
            0.5,
            List.of());

    private static final Workload WORKLOAD = new Workload(
            "model",
            Map.of(),
            AttentionUnit.KV_GROUP,
            List.of(),
            new Workload.Windows(1, new int[1]),
            List.of(),
            Workload.Objective.of(Workload.Measure.NEGATIVE_LOG_LIKELIHOOD),
            Map.of(),
            "cpu",
            Precision.SINGLE,
            Map.of());

    @TempDir
    private static Path directory;

    private static PluginRegistry registry;
    private static Path model;

    @BeforeAll
    static void load() {
        FaultyPlugins.write(directory);
        registry = PluginRegistry.load(directory);
        model = new RandomLlama().write(directory.resolve("model"));
    }

    @ParameterizedTest
    @CsvSource({
        "state, IllegalStateException: no licence",
        "argument, IllegalArgumentException: does not like it",
        "stack, StackOverflowError",
        "no-class, NoClassDefFoundError: org/acme/Missing",
        "abstract, AbstractMethodError: score",
        "memory, OutOfMemoryError: Java heap space",
        "circle, RuntimeException",
        "unprintable, ''",
        "nan, 'NaN for unit 0 of layer 0, MLP, expected a finite number'",
        "infinite, Infinity for unit 0",
        "minus-infinite, -Infinity for unit 0",
        "few, 'gave 9 scores for layer 0, MLP, expected 10'",
        "many, 'gave 11 scores for layer 0, MLP, expected 10'",
        "null, gave null when scoring",
        "no-wishes, NullPointerException",
    })
    void criteria(String id, String words) {
        refused(() -> score(id, Measured.NOTHING), "criterion '" + id + "'", words);
    }

    @ParameterizedTest
    @CsvSource({
        "no-options, its options are null",
        "null-option, NullPointerException",
        "twice, two options have the name twice",
        "bad-default, 'option share must be a number of at least 0 and at most 1, but is ''2'''",
        "bad-description, StackOverflowError",
        "bad-id, IllegalStateException: no licence",
        "bad-constructor, OutOfMemoryError: Java heap space",
    })
    void criteriaThatCannotBeUsedAtAll(String id, String words) {
        Failures.expect(
                FailureKind.PLUGIN,
                () -> registry.find(PluginKind.CRITERION, id),
                "no criterion is called '" + id + "'",
                "faulty.jar",
                words);
    }

    /** That is no fault of the criterion's. */
    @Test
    void statisticsThatAreNotFiniteAreRejected() {
        try (Arena arena = Arena.ofConfined()) {
            DoubleMatrix moments = DoubleMatrix.allocate(arena, 1, 10);
            moments.set(0, 3, Double.NaN);
            Measured measured = new Measured(5, Map.of(Wish.features(Moment.SQUARE_SUMS), moments));
            for (String id : List.of("nan", "infinite", "argument")) {
                assertThatThrownBy(() -> score(id, measured)).isInstanceOf(IllegalArgumentException.class);
            }
        }
    }

    @Test
    void anInterruptIsNotLeftBehind() {
        assertThat(score("interrupting", Measured.NOTHING)).hasSize(10);
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }

    /** Its own methods would throw again where --verbose prints it. */
    @Test
    void whatIsThrownCanBePrinted() {
        for (String id : List.of("unprintable", "circle")) {
            assertThatThrownBy(() -> score(id, Measured.NOTHING))
                    .satisfies(failure -> failure.printStackTrace(new PrintWriter(Writer.nullWriter())));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "create-null, gave null when creating an agent",
        "create-state, IllegalStateException: no licence",
        "batch-0, 'a batch size of 0, expected at least 1'",
        "limit, 'an episode limit of -1, expected at least 0'",
        "propose-null, gave null when proposing",
        "propose-throws, IllegalStateException",
        "propose-few, 'asked for 2 proposals, but gave 1'",
        "propose-null-in-it, NullPointerException",
        "propose-short, 'must propose 4 finite scores, but proposed 3'",
        "propose-nan, 'proposed 4, one of them NaN'",
        "observe, StackOverflowError",
        "best-null, gave null when giving its best guess",
        "best-short, 'proposed 1'",
        "save-null, gave null when saving its state",
        "restore, IllegalStateException: no licence",
    })
    void agents(String fault, String words) {
        refused(
                () -> {
                    PolicyAgent agent = agent(fault);
                    List<double[]> proposals = agent.propose(2, 0.5);
                    agent.observe(List.of(new PolicyAgent.Outcome(proposals.getFirst(), 0.5, 1)));
                    agent.restore(agent.save());
                    agent.best(0.5);
                },
                "agent 'agents'",
                words);
    }

    @Test
    void whatAnAgentMayDo() {
        assertThat(agent("batch-huge").batchSize()).isEqualTo(Integer.MAX_VALUE);
        // The record that it is given may be damaged.
        assertThatThrownBy(() -> agent("restore-argument").restore(new byte[0]))
                .isInstanceOf(IllegalArgumentException.class);
        // It rejects the user's options, unless there are none.
        Failures.expect(FailureKind.USAGE, () -> agent("create-argument"), "agent 'agents': does not like it");
        PolicyAgent.Provider provider = registry.find(PluginKind.AGENT, "agents");
        refused(() -> provider.create(SPACE, 1, Options.defaults(provider)), "agent 'agents'", "does not like it");
    }

    @ParameterizedTest
    @CsvSource({
        "create-null, gave null when creating a calibrator",
        "null, gave null when calibrating",
        "null-map, NullPointerException",
        "other-map, 'a map QUERY for layer 0, MLP, which has none'",
        "few-rows, 'gave a weight of 1 × 2 numbers in F32, expected 2 × 2 in F32'",
        "many-columns, 'gave a weight of 2 × 3 numbers'",
        "half, in F16",
        "nan, NaN or infinite",
        "bias, a map with a bias for one without",
        "closed, closed",
        "state, IllegalStateException: no licence",
        "argument, IllegalArgumentException: does not like it",
        "stack, StackOverflowError",
        "memory, JAVA_TOOL_OPTIONS",
    })
    void calibrators(String fault, String words) {
        refused(() -> calibrate(fault, 1), "calibrator 'calibrators'", words);
    }

    @ParameterizedTest
    @CsvSource({"endless, NaN", "negative, -1.0"})
    void whatACalibratorSaysOfItsTime(String fault, String words) {
        Calibrator.Provider provider = registry.find(PluginKind.CALIBRATOR, "calibrators");
        Calibrator calibrator = provider.create(options(provider, fault));
        MlpSpec spec = new MlpSpec(
                new Normalization(Normalization.Kind.RMS, 1e-5), 2, 3, false, Activation.RELU, false, false);
        refused(
                () -> calibrator.multiplyAdds(spec, 1, 5),
                "calibrator 'calibrators'",
                "says that it takes " + words + " multiply-adds");
    }

    @Test
    void whatACalibratorRejects() {
        Failures.expect(
                FailureKind.USAGE, () -> calibrate("create-argument", 1), "calibrator 'calibrators': does not like it");
        for (String fault : List.of("argument", "nan")) {
            assertThatThrownBy(() -> calibrate(fault, Double.POSITIVE_INFINITY))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        // The algebra is told of shapes that do not fit by its caller.
        refused(() -> calibrate("algebra", 1), "calibrator 'calibrators'");
    }

    @ParameterizedTest
    @CsvSource({
        "create-null, gave null when creating an executor",
        "null, gave null when executing trials",
        "loses, 'was given 1 candidates, but returned 0 results'",
        "null-in-it, NullPointerException",
        "doubles, 'was given 1 candidates, but returned 2 results'",
        "nothing, a batch needs a candidate",
        "close, IllegalStateException: no licence",
        "argument, IllegalArgumentException: does not like it",
    })
    void executors(String fault, String words) {
        refused(
                () -> {
                    try (TrialExecutor executor =
                            executor(fault, batch -> List.of(new TrialExecutor.Result(List.of(1.0), 1)))) {
                        executor.execute(batch());
                    }
                },
                "executor 'executors'",
                words);
    }

    /** A failure of the engine is told, whatever an executor makes of it. */
    @Test
    void failuresOfTheEngineComeThrough() {
        for (RuntimeException failure :
                List.of(new DeviceException("the card is gone", null), FailureKind.NOT_FINITE.failure("not finite"))) {
            TrialExecutor executor = executor("hides", batch -> {
                throw failure;
            });
            assertThatThrownBy(() -> executor.execute(batch())).isSameAs(failure);
        }
        assertThatThrownBy(() -> calibrate("hides", 1))
                .isInstanceOf(DeviceException.class)
                .hasMessage("the card is gone");
    }

    @Test
    void backends() {
        ComputeBackend.Provider probing = registry.find(PluginKind.BACKEND, "backends");
        assertThat(probing.probe().available()).isFalse();
        assertThat(probing.probe().message()).contains("backend 'backends'", "faulty.jar", "no licence");
        assertThat(probing.drivers())
                .hasEntrySatisfying(
                        "backends",
                        availability -> assertThat(availability.message()).contains("no licence"));
        refused(probing::devices, "backend 'backends'", "no licence");
        ComputeBackend.Provider opening = registry.find(PluginKind.BACKEND, "backend-opening");
        refused(() -> opening.open(1), "backend 'backend-opening'", "AbstractMethodError");
        refused(() -> opening.open("backend-opening", 1), "backend 'backend-opening'", "AbstractMethodError");
        try (ComputeBackend computing =
                registry.find(PluginKind.BACKEND, "backend-computing").open(1)) {
            refused(
                    () -> computing.allocate(1, 1),
                    "backend 'backend-computing'",
                    "computing (allocate)",
                    "no licence");
            refused(() -> computing.moments(Moment.SUMS, 1, 1), "gave null when computing (moments)");
            // What it should never have been asked is no fault of the plugin's.
            assertThatThrownBy(() -> computing.allocate(0, 1)).isInstanceOf(IllegalArgumentException.class);
            assertThat(List.of(computing)).contains(computing);
        }
    }

    @Test
    void linearAlgebra() {
        LinearAlgebra.Provider provider = registry.find(PluginKind.LINEAR_ALGEBRA, "algebras");
        assertThat(provider.probe().available()).isFalse();
        assertThat(provider.probe().message()).contains("linear-algebra 'algebras'", "faulty.jar", "no licence");
        try (LinearAlgebra algebra = provider.open(1);
                Arena arena = Arena.ofShared()) {
            DoubleMatrix matrix = DoubleMatrix.allocate(arena, 1, 1);
            refused(() -> algebra.cholesky(matrix), "linear-algebra 'algebras'", "computing (cholesky)", "no licence");
            assertThatThrownBy(() -> algebra.solve(matrix, matrix)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    private static double[] score(String id, Measured measured) {
        Criterion.Provider provider = registry.find(PluginKind.CRITERION, id);
        Criterion criterion = provider.create(Options.defaults(provider));
        try (Model opened = Model.open(model);
                LinearAlgebra algebra =
                        registry.find(PluginKind.LINEAR_ALGEBRA, "openblas").open(1);
                Arena arena = Arena.ofShared()) {
            ModuleView module = new ModuleView(
                    0, opened.spec().layers().getFirst().mlp(), opened.layer(0).mlp(), measured);
            return criterion.score(module, 1, new WorkbenchWithoutDevice(algebra, arena));
        }
    }

    private static Options options(Plugin provider, String fault) {
        return Options.of(provider.options(), Map.of("fault", fault));
    }

    private static PolicyAgent agent(String fault) {
        PolicyAgent.Provider provider = registry.find(PluginKind.AGENT, "agents");
        return provider.create(SPACE, 1, options(provider, fault));
    }

    /** Two of three channels of a tiny MLP without biases are kept. */
    private static Calibrator.Repair calibrate(String fault, double moment) {
        Calibrator.Provider provider = registry.find(PluginKind.CALIBRATOR, "calibrators");
        Calibrator calibrator = provider.create(options(provider, fault));
        try (LinearAlgebra algebra =
                        registry.find(PluginKind.LINEAR_ALGEBRA, "openblas").open(1);
                Arena arena = Arena.ofShared()) {
            MlpSpec spec = new MlpSpec(
                    new Normalization(Normalization.Kind.RMS, 1e-5), 2, 3, false, Activation.RELU, false, false);
            ModuleWeights weights = ModuleWeights.ofMlp(
                    new NormWeights(Matrix.allocate(arena, DataType.F32, 1, 2), null),
                    null,
                    Linear.of(Matrix.allocate(arena, DataType.F32, 3, 2)),
                    Linear.of(Matrix.allocate(arena, DataType.F32, 2, 3)));
            DoubleMatrix gram = DoubleMatrix.allocate(arena, 3, 3);
            gram.set(0, 0, moment);
            Measured measured = new Measured(5, Map.of(Wish.features(Moment.GRAM), gram));
            return calibrator.repair(
                    new ModuleView(0, spec, weights, measured), 2, new WorkbenchWithoutDevice(algebra, arena));
        }
    }

    private static TrialExecutor executor(String fault, TrialExecutor.Evaluator local) {
        TrialExecutor.Provider provider = registry.find(PluginKind.EXECUTOR, "executors");
        return provider.create(
                new TrialExecutor.SearchProcess(local, 1, 1 << 20, note -> {}), WORKLOAD, options(provider, fault));
    }

    private static TrialBatch batch() {
        return new TrialBatch(List.of(0), List.of(new Policy(List.of(1, 1))));
    }

    private static void refused(ThrowingCallable code, String... words) {
        Failures.expect(FailureKind.PLUGIN, code, words);
        Failures.expect(FailureKind.PLUGIN, code, "faulty.jar");
    }
}
