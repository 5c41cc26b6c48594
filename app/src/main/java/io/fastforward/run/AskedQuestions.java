package io.fastforward.run;

import io.fastforward.evaluate.ChoiceAccuracy;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.forward.Decoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.model.Model;
import io.fastforward.report.Progress;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.tokenizer.Tokenizer;
import io.fastforward.zeroshot.TaskQuestions;
import io.fastforward.zeroshot.ZeroShotScores;
import io.fastforward.zeroshot.ZeroShotSuite;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Questions as tokens, to be asked of a model.
 *
 * @param own those of our own format
 * @param suite tasks of the literature
 */
record AskedQuestions(Optional<ChoiceAccuracy.Questions> own, Optional<Suite> suite) {

    /**
     * Tasks of the literature.
     *
     * @param files what was read
     * @param questions their tokens
     */
    record Suite(ZeroShotSuite files, List<TaskQuestions> questions) {

        static Suite tokenize(ZeroShotSuite files, Tokenizer tokenizer, int contextLength) {
            return new Suite(files, files.tokenize(tokenizer, contextLength));
        }

        int sequences() {
            return questions.stream().mapToInt(TaskQuestions::sequences).sum();
        }

        int shortened() {
            return questions.stream().mapToInt(TaskQuestions::shortened).sum();
        }
    }

    /** What the model said. */
    record Answers(
            @Nullable ChoiceAccuracy accuracy, @Nullable ZeroShotScores zeroShot) {}

    /** @throws Failure of kind {@link FailureKind#NOT_FINITE} if a log-likelihood is not finite */
    Answers ask(Compute compute, Model model, ComputeBackend backend, Progress progress) {
        if (own.isEmpty() && suite.isEmpty()) {
            return new Answers(null, null);
        }
        try (LayerSource layers = layers(compute, model, backend);
                Decoder decoder = new Decoder(backend, layers, model.ends(), compute.memoryBytes() / 4)) {
            return new Answers(
                    own.map(questions -> ask(questions, model, decoder, progress))
                            .orElse(null),
                    suite.map(tasks -> ask(tasks, model, decoder, progress)).orElse(null));
        }
    }

    /** Layers that stay loaded read what choices have in common once; others are loaded for many choices at a time. */
    private static LayerSource layers(Compute compute, Model model, ComputeBackend backend) {
        ModelSpec spec = model.spec();
        long bytes = spec.decoderParameters() * backend.bytesPerWeight();
        return bytes <= compute.memoryBytes() / 2 && bytes <= backend.weightBytes()
                ? LayerSource.resident(backend, spec, model)
                : LayerSource.streamed(backend, spec, model);
    }

    private static ChoiceAccuracy ask(
            ChoiceAccuracy.Questions questions, Model model, Decoder decoder, Progress progress) {
        progress.begin("Asking questions", questions.sequences());
        ChoiceAccuracy accuracy =
                questions.ask(decoder, model.spec().densePolicy(), done -> progress.advance(done, "choices"));
        progress.end(accuracy.right() + " of " + accuracy.total() + " right");
        return accuracy;
    }

    private static ZeroShotScores ask(Suite suite, Model model, Decoder decoder, Progress progress) {
        if (!suite.files().missing().isEmpty()) {
            progress.note("Not asked, for there are no files of them: "
                    + String.join(", ", suite.files().missingNames()));
        }
        if (suite.shortened() > 0) {
            progress.note(suite.shortened() + " of " + suite.sequences() + " choices with what stands before them are"
                    + " longer than the model's context of " + model.spec().contextLength()
                    + " tokens; their beginnings were left out");
        }
        progress.begin("Asking questions", suite.sequences());
        try {
            ZeroShotScores scores = ZeroShotScores.ask(
                    suite.files(),
                    suite.questions(),
                    decoder,
                    model.spec().densePolicy(),
                    done -> progress.advance(done, "choices"));
            progress.end(scores.questions() + " questions of " + scores.tasks().size() + " tasks");
            return scores;
        } catch (Failure e) {
            if (e.kind() == FailureKind.NOT_FINITE) {
                model.requireFinite(null); // says which weight, if it is one
            }
            throw e;
        }
    }
}
