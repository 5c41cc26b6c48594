package io.fastforward.run;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.checkpoint.FileHash;
import io.fastforward.evaluate.Perplexity;
import io.fastforward.json.StrictJson;
import io.fastforward.nested.UnitRanking;
import io.fastforward.prune.ScoringPass;
import io.fastforward.record.StageKey;
import io.fastforward.report.Variant;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.tokenizer.TokenWindows;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the results of stages depend on, by which runs share them: docs/decisions/batches.md says what is in a key, what is not, and
 * why.
 *
 * @param model the files of the model
 * @param device what computes, as it describes itself
 * @param linearAlgebra id of what solves
 * @param versions of FastForward, Java and the operating system
 */
record StageKeys(List<FileHash> model, String device, String linearAlgebra, Map<String, String> versions) {

    /**
     * Key of the units' ranking.
     *
     * @param criterion the plugin that scores
     * @param unit of attention
     * @param wanted what is measured of the units
     * @param scoring the windows that it is measured on
     */
    StageKey ranking(PluginIdentity criterion, AttentionUnit unit, ScoringPass.Wanted wanted, TokenWindows scoring) {
        Criterion scores = wanted.criterion();
        ObjectNode inputs = common();
        inputs.set("criterion", StrictJson.MAPPER.valueToTree(criterion));
        inputs.put("attentionUnit", unit.name());
        if (scores.dependsOnKept()) {
            inputs.set("kept", StrictJson.MAPPER.valueToTree(wanted.likely().retained()));
        }
        if (wanted.errors() || !scores.wishes().isEmpty()) { // else no text is looked at
            inputs.set("scoring", windows(scoring));
        }
        inputs.put("errors", wanted.errors());
        wanted.probes().ifPresent(probes -> inputs.set("probes", windows(probes)));
        return new StageKey("ranking", inputs);
    }

    /**
     * Key of the dense model's figures. It is measured with its units in nested order, which changes the last digits.
     *
     * @param questions hash of the file of questions, if any are asked
     * @param mostQuestions how many of them at most
     */
    StageKey dense(UnitRanking ranking, RunPlan plan, Optional<FileHash> questions, int mostQuestions) {
        ObjectNode inputs = common();
        inputs.put("attentionUnit", plan.attentionUnit().name());
        inputs.put("order", FileHash.sha256(StrictJson.line(ranking.modules()).getBytes(StandardCharsets.UTF_8)));
        inputs.put("residentLayers", plan.memory().resident());
        inputs.put("memoryBytes", plan.memory().limitBytes());
        inputs.set("evaluation", windows(plan.windows().evaluation()));
        questions.ifPresent(file -> {
            inputs.put("questions", file.sha256());
            inputs.put("mostQuestions", mostQuestions);
        });
        return new StageKey("dense-figures", inputs);
    }

    /**
     * Checks that figures can be those of the whole model.
     *
     * @throws IllegalArgumentException if they are of another one, or on other windows
     */
    static void requireDense(Variant figures, RunPlan plan) {
        Perplexity perplexity = figures.perplexity();
        TokenWindows evaluation = plan.windows().evaluation();
        if (figures.parameters() != plan.spec().parameters()
                || figures.sparsity() != 0
                || !(perplexity.perplexity() >= 1)
                || !perplexity.isFinite()
                || !(perplexity.seconds() > 0)
                || perplexity.windows() != evaluation.count()
                || perplexity.windowLength() != evaluation.length()
                || (figures.accuracy() != null) != plan.questions().isPresent()) {
            throw new IllegalArgumentException("these are not figures of this model on these texts");
        }
    }

    private ObjectNode common() {
        ObjectNode inputs = StrictJson.MAPPER.createObjectNode();
        inputs.set("model", StrictJson.MAPPER.valueToTree(model));
        inputs.put("device", device);
        inputs.put("linearAlgebra", linearAlgebra);
        inputs.set("versions", StrictJson.MAPPER.valueToTree(versions));
        return inputs;
    }

    private static ObjectNode windows(TokenWindows windows) {
        ByteBuffer bytes = ByteBuffer.allocate(windows.tokens().length * Integer.BYTES);
        bytes.asIntBuffer().put(windows.tokens());
        return StrictJson.MAPPER
                .createObjectNode()
                .put("length", windows.length())
                .put("count", windows.count())
                .put("sha256", FileHash.sha256(bytes.array()));
    }
}
