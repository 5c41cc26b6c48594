package io.fastforward.run;

import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.forward.IncrementalDecoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.generate.EndTokens;
import io.fastforward.generate.Sampling;
import io.fastforward.generate.TextGeneration;
import io.fastforward.model.Model;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.report.Progress;
import io.fastforward.settings.PrecisionChoice;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.Precision;
import io.fastforward.tokenizer.StreamedText;
import io.fastforward.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** Lets checkpoints continue a prompt, one after the other. */
public final class GenerateRun {

    private GenerateRun() {}

    /**
     * What to generate.
     *
     * @param models checkpoint directories
     * @param prompt the text to continue
     * @param mostTokens most tokens to generate
     * @param sampling how tokens are chosen
     * @param seed of the draws
     * @param compute what it may compute with; the weights of a model have to fit into the memory
     * @param precision of products, and of weights in memory
     */
    public record Request(
            List<Path> models,
            String prompt,
            int mostTokens,
            Sampling sampling,
            long seed,
            Compute compute,
            PrecisionChoice precision) {}

    /**
     * What a model said.
     *
     * @param model checkpoint directory
     * @param parameters all parameters of the model
     * @param promptTokens tokens of the prompt
     * @param tokens the generated tokens
     * @param text the same as text
     * @param ended whether the model ended by itself
     * @param tokensPerSecond generated tokens per second, the prompt's processing included
     * @param precision of the products: f32 or bf16
     * @param remarks what is odd about the checkpoint, a line each
     */
    public record Continuation(
            String model,
            long parameters,
            int promptTokens,
            List<Integer> tokens,
            String text,
            boolean ended,
            double tokensPerSecond,
            String precision,
            List<String> remarks) {}

    /**
     * Generates.
     *
     * @param shown is given prompt and text, piece by piece as they come; if a device fails, another one begins with
     *     the prompt again, in a new line
     */
    public static List<Continuation> execute(
            Request request, PluginRegistry plugins, Progress progress, Optional<Consumer<String>> shown) {
        Setting.MOST_TOKENS.requireAtLeast(1, request.mostTokens());
        return Devices.run(plugins, request.compute(), progress, (device, takesOver) -> {
            try (PreciseBackend chosen = PreciseBackend.open(request.precision(), device)) {
                chosen.describe(progress);
                return execute(request, chosen.backend(), takesOver, progress, shown);
            }
        });
    }

    private static List<Continuation> execute(
            Request request,
            ComputeBackend backend,
            boolean takesOver,
            Progress progress,
            Optional<Consumer<String>> shown) {
        shown.filter(pieces -> takesOver).ifPresent(pieces -> pieces.accept("\n"));
        List<Continuation> continuations = new ArrayList<>();
        for (Path directory : request.models()) {
            try (Model model = Model.open(directory);
                    Tokenizer tokenizer = Tokenizer.open(directory, model.spec().vocabularySize())) {
                model.remarks().forEach(progress::note);
                continuations.add(generate(request, backend, model, tokenizer, shown));
            }
        }
        return continuations;
    }

    private static Continuation generate(
            Request request,
            ComputeBackend backend,
            Model model,
            Tokenizer tokenizer,
            Optional<Consumer<String>> shown) {
        int[] prompt = tokenizer.encode(request.prompt(), true);
        int capacity = capacity(request, model, prompt);
        long layerBytes = model.spec().decoderParameters() * backend.bytesPerWeight();
        if (layerBytes > request.compute().memoryBytes()) {
            throw FailureKind.USAGE.failure(
                    model.checkpoint().directory() + ": its layers take " + (layerBytes >> 20) + " MiB in "
                            + backend.precision().label() + ", but "
                            + (request.compute().memoryBytes() >> 20) + " MiB may be used ("
                            + Setting.MEMORY + "); generation needs all of them at once"
                            + (backend.precision() == Precision.SINGLE
                                    ? ", and bf16 half as much (" + Setting.PRECISION + ")"
                                    : ""));
        }
        TextGeneration generation =
                new TextGeneration(request.sampling(), capacity - prompt.length, EndTokens.of(model), request.seed());
        long start = System.nanoTime();
        try (LayerSource layers = LayerSource.resident(backend, model.spec(), model);
                IncrementalDecoder decoder = new IncrementalDecoder(
                        backend, layers, model.ends(), model.spec().densePolicy(), capacity)) {
            StreamedText text = new StreamedText(tokens -> tokenizer.decode(tokens, true));
            shown.ifPresent(pieces -> pieces.accept(request.prompt()));
            start = System.nanoTime();
            int[] generated =
                    generation.run(decoder, prompt, token -> shown.ifPresent(pieces -> pieces.accept(text.add(token))));
            double seconds = (System.nanoTime() - start) / 1e9;
            shown.ifPresent(pieces -> pieces.accept(text.finish()));
            return new Continuation(
                    model.checkpoint().directory().toString(),
                    model.spec().parameters(),
                    prompt.length,
                    IntStream.of(generated).boxed().toList(),
                    tokenizer.decode(generated, true),
                    generated.length < generation.mostTokens(),
                    generated.length / seconds,
                    backend.precision().label(),
                    model.remarks());
        }
    }

    /** Tokens of prompt and continuation: the model's context ends what is longer. */
    private static int capacity(Request request, Model model, int[] prompt) {
        int context = model.spec().contextLength();
        if (prompt.length == 0) {
            throw FailureKind.BAD_TEXT.failure(Setting.PROMPT + " has no token; give the model something to continue");
        }
        if (prompt.length >= context) {
            throw FailureKind.BAD_TEXT.failure(
                    Setting.PROMPT + " has " + prompt.length + " tokens, but the model's context is " + context);
        }
        return (int) Math.min((long) prompt.length + request.mostTokens(), context);
    }
}
