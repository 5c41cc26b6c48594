package io.fastforward.testing;

import io.fastforward.forward.Decoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.model.Model;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.model.WeightSource;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;

/** A model with all its layers on a device. */
public final class RunningModel implements AutoCloseable {

    private static final long HIDDEN_STATE_BYTES = 16 << 20;

    private final LayerSource layers;
    private final Decoder decoder;

    /** A model as it is stored. */
    public RunningModel(ComputeBackend backend, Model model) {
        this(backend, model, model.spec(), model);
    }

    /** A model with layers from somewhere else. */
    public RunningModel(ComputeBackend backend, Model model, ModelSpec spec, WeightSource weights) {
        this.layers = LayerSource.resident(backend, spec, weights);
        this.decoder = new Decoder(backend, layers, model.ends(), HIDDEN_STATE_BYTES);
    }

    /** The forward pass. */
    public Decoder decoder() {
        return decoder;
    }

    /** Logits after every token, row-major. */
    public float[] logits(int... tokens) {
        try (Arena arena = Arena.ofShared()) {
            return Golden.elements(decoder.logits(new TokenWindows(tokens.length, 1, tokens), arena));
        }
    }

    /** Log-likelihoods of the tokens that follow, with everything retained. */
    public double[] logLikelihoods(TokenWindows windows) {
        return decoder.logLikelihoods(windows, List.of(layers.spec().densePolicy()))
                .getFirst();
    }

    /** Mean negative log-likelihood of the predicted tokens of each window. */
    public double[] losses(TokenWindows windows, Policy policy) {
        return meanLosses(decoder.logLikelihoods(windows, List.of(policy)).getFirst(), windows);
    }

    /** Mean negative log-likelihood of the predicted tokens of each window, with everything retained. */
    public double[] losses(TokenWindows windows) {
        return losses(windows, layers.spec().densePolicy());
    }

    /** Mean negative log-likelihoods from those of the tokens, as a decoder returns them. */
    public static double[] meanLosses(double[] logLikelihoods, TokenWindows windows) {
        double[] losses = new double[windows.count()];
        for (int i = 0; i < logLikelihoods.length; i++) {
            losses[i / windows.length()] -= logLikelihoods[i] / (windows.length() - 1);
        }
        return losses;
    }

    /** Logits of the checkpoint in a directory. */
    public static float[] logitsOf(ComputeBackend backend, Path directory, int... tokens) {
        try (Model model = Model.open(directory);
                RunningModel running = new RunningModel(backend, model)) {
            return running.logits(tokens);
        }
    }

    /** Windows of random tokens. */
    public static TokenWindows randomWindows(ModelSpec spec, int length, int count, long seed) {
        int[] tokens = new SplittableRandom(seed)
                .ints((long) length * count, 0, spec.vocabularySize())
                .toArray();
        return new TokenWindows(length, count, tokens);
    }

    @Override
    public void close() {
        decoder.close();
        layers.close();
    }
}
