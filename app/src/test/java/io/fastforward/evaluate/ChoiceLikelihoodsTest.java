package io.fastforward.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.forward.Decoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.model.Model;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.search.Workload.Choice;
import io.fastforward.spi.search.Workload.Question;
import io.fastforward.testing.Backends;
import io.fastforward.testing.Golden;
import io.fastforward.tokenizer.TokenWindows;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Layers that stay loaded and those that are loaded for every batch against one window after the other. */
class ChoiceLikelihoodsTest {

    private static final int VOCABULARY = 96;

    @ParameterizedTest
    @MethodSource("io.fastforward.testing.Golden#families")
    void whateverChoicesHaveInCommon(String family) {
        try (ComputeBackend backend = Backends.cpu();
                Model model = Model.open(Golden.path(family));
                LayerSource resident = LayerSource.resident(backend, model.spec(), model);
                LayerSource streamed = LayerSource.streamed(backend, model.spec(), model);
                Decoder once = new Decoder(backend, resident, model.ends(), 1 << 24);
                Decoder batched = new Decoder(backend, streamed, model.ends(), 1 << 24)) {
            Policy dense = model.spec().densePolicy();
            List<Question> questions = questions(model.spec().contextLength());
            List<double[]> read = ChoiceLikelihoods.of(questions, once, dense, done -> {});
            List<double[]> together = ChoiceLikelihoods.of(questions, batched, dense, done -> {});
            for (int i = 0; i < questions.size(); i++) {
                assertThat(together.get(i)).containsExactly(read.get(i), within(1e-3));
                List<Choice> choices = questions.get(i).choices();
                for (int j = 0; j < choices.size(); j++) {
                    if (choices.get(j).tokens().length <= model.spec().contextLength()) {
                        assertThat(read.get(i)[j]).isCloseTo(alone(batched, dense, choices.get(j)), within(1e-3));
                    }
                }
            }
            assertThat(together.get(3)[0]).isEqualTo(together.get(3)[2]);
            assertThat(read.get(3)[0]).isEqualTo(read.get(3)[2]);
        }
    }

    private static double alone(Decoder decoder, Policy policy, Choice choice) {
        int length = choice.tokens().length;
        double[] all = decoder.logLikelihoods(new TokenWindows(length, 1, choice.tokens()), List.of(policy))
                .getFirst();
        double sum = 0;
        for (int position = choice.firstScored(); position < length; position++) {
            sum += all[position - 1];
        }
        return sum;
    }

    private static List<Question> questions(int context) {
        int[] some = tokens(1, 20);
        int[] likeIt = some.clone();
        likeIt[5] = (likeIt[5] + 1) % VOCABULARY;
        Choice first = new Choice(some, 15);
        return List.of(
                // A choice that parts from the other before what is scored, as a name in the context does.
                new Question(List.of(first, new Choice(likeIt, 15)), 0),
                // Nothing in common.
                new Question(List.of(new Choice(tokens(2, 9), 3), new Choice(tokens(3, 12), 1)), 1),
                // The whole context in common, and a choice that begins the other.
                new Question(List.of(new Choice(tokens(1, 17), 15), first), 1),
                new Question(List.of(first, new Choice(likeIt, 14), new Choice(some.clone(), 15)), 1),
                // As many tokens as can be scored: one more than can be read.
                new Question(
                        List.of(
                                new Choice(tokens(4, context + 1), context - 3),
                                new Choice(tokens(5, context + 1), context)),
                        0));
    }

    private static int[] tokens(long seed, int count) {
        return new SplittableRandom(seed).ints(count, 0, VOCABULARY).toArray();
    }
}
