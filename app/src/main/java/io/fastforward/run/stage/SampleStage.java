package io.fastforward.run.stage;

import io.fastforward.forward.IncrementalDecoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.generate.EndTokens;
import io.fastforward.generate.Sampling;
import io.fastforward.generate.TextGeneration;
import io.fastforward.report.Sample;
import io.fastforward.spi.format.ModelFormat;
import io.fastforward.spi.format.ReadableModel;
import io.fastforward.spi.model.ModelEnds;
import io.fastforward.tokenizer.TokenWindows;
import io.fastforward.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Lets the dense model and the one that was written go on from the same words, each time with the most likely token: a
 * perplexity says little to those who will read what the model writes.
 *
 * @param windows of the text that figures are reported on; their beginnings are gone on from
 */
public record SampleStage(RunContext run, TokenWindows windows) {

    private static final int SAMPLES = 3;
    private static final int BEGINNING = 16;
    private static final int NEW_TOKENS = 48;

    /** Most tokens that each of them says. */
    static int newTokens() {
        return SAMPLES * NEW_TOKENS;
    }

    /**
     * What both say; nothing if layers do not stay loaded, since each token needs all of them, or the format cannot read what
     * it wrote.
     *
     * @param dense layers of the dense model
     * @param output where the other one is
     */
    public List<Sample> execute(LayerSource dense, ModelFormat format, Path output) {
        Optional<ReadableModel> read = dense.resident() ? format.open(output) : Optional.empty();
        if (read.isEmpty()) {
            return List.of();
        }
        try (ReadableModel written = read.get();
                LayerSource layers = run.layers(written.spec(), written);
                Tokenizer tokenizer = Tokenizer.open(
                        run.model().checkpoint().directory(), run.spec().vocabularySize())) {
            run.progress().begin("Sampling", SAMPLES);
            List<Sample> samples = new ArrayList<>();
            for (int[] beginning : beginnings()) {
                samples.add(new Sample(
                        tokenizer.decode(beginning, true),
                        continuation(dense, run.model().ends(), beginning, tokenizer),
                        continuation(layers, written.ends(), beginning, tokenizer)));
                run.progress().advance(samples.size(), "beginnings");
            }
            run.progress().end("what both models say after " + samples.size() + " beginnings");
            return samples;
        }
    }

    /** Those of the first windows, as far as the context has room behind them. */
    private List<int[]> beginnings() {
        int length = Math.min(BEGINNING, Math.min(windows.length(), run.spec().contextLength() / 2));
        List<int[]> beginnings = new ArrayList<>();
        for (int window = 0; window < Math.min(SAMPLES, windows.count()) && length > 0; window++) {
            int start = window * windows.length();
            beginnings.add(Arrays.copyOfRange(windows.tokens(), start, start + length));
        }
        return beginnings;
    }

    private String continuation(LayerSource layers, ModelEnds ends, int[] beginning, Tokenizer tokenizer) {
        int capacity = Math.min(beginning.length + NEW_TOKENS, run.spec().contextLength());
        TextGeneration generation =
                new TextGeneration(new Sampling(0, 1), capacity - beginning.length, EndTokens.of(run.model()), 0);
        try (IncrementalDecoder decoder = new IncrementalDecoder(
                run.backend(), layers, ends, layers.spec().densePolicy(), capacity)) {
            return tokenizer.decode(generation.run(decoder, beginning, token -> {}), true);
        }
    }
}
