package io.fastforward.run;

import io.fastforward.evaluate.Perplexity;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.forward.Decoder;
import io.fastforward.model.Model;
import io.fastforward.report.Progress;
import io.fastforward.run.stage.RunWindows;
import io.fastforward.settings.WindowSettings;
import io.fastforward.tokenizer.TextSource;
import io.fastforward.tokenizer.TextSummary;
import io.fastforward.tokenizer.TokenWindows;
import io.fastforward.tokenizer.TokenizedText;
import io.fastforward.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a model makes of a text.
 *
 * @param summary what was read of the text
 * @param tokens of the text
 * @param perplexity with the counts behind it
 * @param tokensPerSecond median over the repetitions
 */
record TextFigures(TextSummary summary, int tokens, Perplexity perplexity, double tokensPerSecond) {

    /**
     * A text as tokens.
     *
     * @param text all of it
     * @param windows what is measured
     * @param repeat how often
     */
    record Prepared(TokenizedText text, TokenWindows windows, int repeat) {

        /** @throws Failure of kind {@link FailureKind#BAD_TEXT} if the text is not one, or shorter than a window */
        static Prepared of(EvaluateRun.Text wanted, TextSource source, Model model, Tokenizer tokenizer) {
            int length = WindowSettings.length(wanted.windowLength(), model.spec());
            TokenizedText text = TokenizedText.read(source, wanted.settings(), tokenizer);
            RunWindows.requireOneWindow(source, text.ids(), length);
            int most = wanted.windows() == 0 ? Integer.MAX_VALUE : wanted.windows();
            return new Prepared(text, TokenWindows.consecutive(text.ids(), length, most), wanted.repeat());
        }

        /**
         * Measures.
         *
         * @param directory the model's, for messages
         * @throws Failure of kind {@link FailureKind#NOT_FINITE} if the perplexity is not finite
         */
        TextFigures measure(Path directory, Model model, Decoder decoder, Progress progress) {
            progress.note("Text: " + text.summary().describe());
            progress.begin("Evaluating", repeat);
            List<Perplexity> measured = new ArrayList<>();
            for (int i = 0; i < repeat; i++) {
                measured.add(Perplexity.measure(decoder, windows, model.spec().densePolicy()));
                progress.advance(i + 1, "passes");
            }
            Perplexity perplexity = measured.getFirst();
            if (!perplexity.isFinite()) {
                model.requireFinite(null);
                throw FailureKind.NOT_FINITE.failure(directory
                        + ": the perplexity is not a finite number although all weights are; the activations overflow");
            }
            progress.end("perplexity over " + windows.count() + " windows");
            return new TextFigures(text.summary(), text.ids().length, perplexity, medianSpeed(measured));
        }
    }

    private static double medianSpeed(List<Perplexity> measured) {
        return measured.stream()
                .mapToDouble(Perplexity::tokensPerSecond)
                .sorted()
                .toArray()[measured.size() / 2];
    }
}
