package io.fastforward.run;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.forward.IncrementalDecoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.generate.Sampling;
import io.fastforward.generate.TextGeneration;
import io.fastforward.model.Model;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.report.Progress;
import io.fastforward.settings.PrecisionChoice;
import io.fastforward.spi.backend.ComputeBackend;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Measures what checkpoints take: time for a prompt and for the tokens after it, and memory. All of them are loaded at once, and
 * take turns in every round, so that what else the machine does meets all alike.
 */
public final class BenchmarkRun {

    private final Request request;

    /** @throws Failure if a number is out of range */
    private BenchmarkRun(Request request) {
        Setting.PROMPT_TOKENS.requireAtLeast(1, request.promptTokens());
        Setting.NEW_TOKENS.requireAtLeast(2, request.newTokens());
        Setting.ROUNDS.requireAtLeast(1, request.rounds());
        this.request = request;
    }

    /**
     * What to measure.
     *
     * @param models checkpoint directories
     * @param promptTokens of the prompt, which are drawn
     * @param newTokens after it, one by one
     * @param rounds after one that warms up
     * @param compute what it may compute with
     * @param precision of products, and of weights in memory
     */
    public record Request(
            List<Path> models,
            int promptTokens,
            int newTokens,
            int rounds,
            Compute compute,
            PrecisionChoice precision) {

        public Request {
            models = List.copyOf(models);
        }
    }

    /**
     * Of several measurements.
     *
     * @param median of all rounds
     * @param least of them
     * @param most of them
     */
    public record Spread(double median, double least, double most) {

        static Spread of(List<Double> values) {
            double[] sorted =
                    values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
            int middle = sorted.length / 2;
            double median = sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
            return new Spread(median, sorted[0], sorted[sorted.length - 1]);
        }
    }

    /**
     * What a model takes.
     *
     * @param model checkpoint directory
     * @param parameters all of them
     * @param diskBytes what its tensors take in the checkpoint
     * @param memoryBytes by how much this process grew at most, in memory that no file backs, while the model was loaded and ran for
     *     the first time; null where that cannot be told, or the weights are on a card
     * @param firstTokenSeconds from the prompt to what follows it
     * @param promptTokensPerSecond the same, as speed
     * @param newTokensPerSecond of the tokens after the first, each read with what was kept of those before
     * @param precision of the products: f32 or bf16
     * @param remarks what is odd about the checkpoint, a line each
     */
    public record Speed(
            String model,
            long parameters,
            long diskBytes,
            @Nullable Long memoryBytes,
            Spread firstTokenSeconds,
            Spread promptTokensPerSecond,
            Spread newTokensPerSecond,
            String precision,
            List<String> remarks) {}

    /**
     * Measures.
     *
     * @throws Failure if the models do not fit into memory together, or a context is too short
     */
    public static List<Speed> execute(Request request, PluginRegistry plugins, Progress progress) {
        BenchmarkRun run = new BenchmarkRun(request);
        return Devices.run(plugins, request.compute(), progress, (device, takesOver) -> {
            try (PreciseBackend chosen = PreciseBackend.open(request.precision(), device)) {
                chosen.describe(progress);
                return run.measure(chosen.backend(), device.device().gpu(), progress);
            }
        });
    }

    private List<Speed> measure(ComputeBackend backend, boolean gpu, Progress progress) {
        List<Subject> subjects = new ArrayList<>();
        try {
            for (Path directory : request.models()) {
                subjects.add(new Subject(Model.open(directory), request));
            }
            requireMemory(subjects, backend);
            progress.begin("Measuring", subjects.size() * (request.rounds() + 1L));
            settle(subjects, backend);
            long done = 0;
            for (Subject subject : subjects) {
                subject.load(backend, !gpu);
                progress.advance(++done, "runs");
            }
            for (int round = 0; round < request.rounds(); round++) {
                for (Subject subject : subjects) {
                    subject.measure();
                    progress.advance(++done, "runs");
                }
            }
            progress.end(request.rounds() + " rounds");
            String precision = backend.precision().label();
            return subjects.stream().map(subject -> subject.speed(precision)).toList();
        } finally {
            subjects.forEach(Subject::close);
        }
    }

    /** Or the first model would be charged with what Java and native libraries take once and for all: 200 MB. */
    private static void settle(List<Subject> subjects, ComputeBackend backend) {
        Subject smallest = subjects.stream()
                .min(Comparator.comparingLong(subject -> subject.model.spec().parameters()))
                .orElseThrow();
        smallest.load(backend, false);
        smallest.unload();
    }

    private void requireMemory(List<Subject> subjects, ComputeBackend backend) {
        long bytes = subjects.stream()
                        .mapToLong(subject -> subject.model.spec().parameters())
                        .sum()
                * backend.bytesPerWeight();
        if (bytes > request.compute().memoryBytes()) {
            throw FailureKind.USAGE.failure("the weights of these models take " + (bytes >> 20) + " MiB together in "
                    + backend.precision().label() + ", but "
                    + (request.compute().memoryBytes() >> 20) + " MiB may be used (" + Setting.MEMORY
                    + "); they are loaded at once to be compared, so measure fewer");
        }
    }

    /** A model that is measured. */
    private static final class Subject implements AutoCloseable {

        private final Model model;
        private final int[] prompt;
        private final int newTokens;
        private final TextGeneration generation;
        private final List<Double> first = new ArrayList<>();
        private final List<Double> rest = new ArrayList<>();
        private @Nullable LayerSource layers;
        private @Nullable IncrementalDecoder decoder;
        private @Nullable Long memoryBytes;

        Subject(Model model, Request request) {
            this.model = model;
            this.newTokens = request.newTokens();
            this.generation = new TextGeneration(new Sampling(0, 1), newTokens, Set.of(), 0);
            int context = model.spec().contextLength();
            if (request.promptTokens() + newTokens > context) {
                model.close();
                throw FailureKind.USAGE.failure(
                        model.checkpoint().directory() + ": its context has " + context + " tokens, and "
                                + Setting.PROMPT_TOKENS + " and " + Setting.NEW_TOKENS + " take "
                                + (request.promptTokens() + newTokens) + "; lower them");
            }
            SplittableRandom random = new SplittableRandom(1);
            this.prompt = random.ints(request.promptTokens(), 0, model.spec().vocabularySize())
                    .toArray();
        }

        /** And runs once. */
        void load(ComputeBackend backend, boolean onHost) {
            try (MemoryPeak peak = MemoryPeak.begin()) {
                LayerSource loaded = LayerSource.resident(backend, model.spec(), model);
                layers = loaded;
                decoder = new IncrementalDecoder(
                        backend, loaded, model.ends(), model.spec().densePolicy(), prompt.length + newTokens);
                measure();
                memoryBytes = onHost ? peak.growth() : null;
            }
            first.clear();
            rest.clear();
        }

        void measure() {
            IncrementalDecoder reading = Objects.requireNonNull(decoder);
            reading.truncate(0);
            List<Long> times = new ArrayList<>();
            long start = System.nanoTime();
            generation.run(reading, prompt, token -> times.add(System.nanoTime()));
            long afterPrompt = times.getFirst();
            first.add((afterPrompt - start) / 1e9);
            rest.add((newTokens - 1) / ((times.getLast() - afterPrompt) / 1e9));
        }

        Speed speed(String precision) {
            return new Speed(
                    model.checkpoint().directory().toString(),
                    model.spec().parameters(),
                    model.checkpoint().parameterBytes(),
                    memoryBytes,
                    Spread.of(first),
                    Spread.of(first.stream()
                            .map(seconds -> prompt.length / seconds)
                            .toList()),
                    Spread.of(rest),
                    precision,
                    model.remarks());
        }

        void unload() {
            if (decoder != null) {
                decoder.close();
                decoder = null;
            }
            if (layers != null) {
                layers.close();
                layers = null;
            }
        }

        @Override
        public void close() {
            unload();
            model.close();
        }
    }
}
