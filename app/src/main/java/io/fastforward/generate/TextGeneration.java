package io.fastforward.generate;

import io.fastforward.forward.IncrementalDecoder;
import java.util.Arrays;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;

/**
 * Continues a sequence of tokens.
 *
 * @param sampling how tokens are chosen
 * @param mostTokens how many are generated, unless the model ends earlier
 * @param endTokens tokens after which it ends
 * @param seed of the draws
 */
public record TextGeneration(Sampling sampling, int mostTokens, Set<Integer> endTokens, long seed) {

    public TextGeneration {
        endTokens = Set.copyOf(endTokens);
    }

    /**
     * Generates.
     *
     * @param decoder that has read nothing and has room for prompt and continuation
     * @param prompt at least one token
     * @param listener is given each generated token
     * @return the generated tokens, without the one that ended them
     */
    public int[] run(IncrementalDecoder decoder, int[] prompt, IntConsumer listener) {
        SplittableRandom random = new SplittableRandom(seed);
        int[] generated = new int[mostTokens];
        float[] logits = decoder.read(prompt);
        for (int count = 0; count < mostTokens; count++) {
            int token = sampling.choose(logits, random);
            if (endTokens.contains(token)) {
                return Arrays.copyOf(generated, count);
            }
            generated[count] = token;
            listener.accept(token);
            if (count + 1 < mostTokens) {
                logits = decoder.read(token);
            }
        }
        return generated;
    }
}
