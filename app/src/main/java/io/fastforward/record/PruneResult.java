package io.fastforward.record;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import io.fastforward.prune.ModuleRepair;
import io.fastforward.report.Sample;
import io.fastforward.report.Variant;
import io.fastforward.spi.model.Policy;
import io.fastforward.tokenizer.TextSummary;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What came out of a run.
 *
 * @param policy what is retained
 * @param targetSparsity what was asked for
 * @param sparsity what was removed of the decoder layers' linear parameters
 * @param parameterSparsity the same as a share of all parameters, since publications differ in what they count
 * @param search summary of the search; null if a policy was given
 * @param variants figures; the dense model first, the written one last
 * @param repairs what calibration did
 * @param reloadDifference largest relative difference of logits between the model in memory and the written one
 * @param texts what was read of the texts, by their role
 * @param heldOut whether figures are on the end of the calibration text
 * @param warnings what the user should know before trusting the figures, one line each
 * @param remarks what is odd about the checkpoint, a line each
 * @param samples what the dense model and the written one say after the same beginnings; none where layers do not stay loaded
 * @param output directory of the pruned checkpoint
 * @param runDirectory directory of the run's record
 */
public record PruneResult(
        Policy policy,
        double targetSparsity,
        double sparsity,
        double parameterSparsity,
        @JsonSetter(nulls = Nulls.SET) @Nullable SearchSummary search,
        List<Variant> variants,
        List<ModuleRepair> repairs,
        double reloadDifference,
        Map<String, TextSummary> texts,
        boolean heldOut,
        List<String> warnings,
        List<String> remarks,
        List<Sample> samples,
        String output,
        String runDirectory)
        implements RunResult {

    /**
     * A search in a few numbers. What something costs is tokens times the share of the layers that they passed.
     *
     * @param episodes candidates proposed
     * @param evaluations trials evaluated
     * @param savedEvaluations trials answered from memory
     * @param cost of the trials, the dense model and the finals included
     * @param priorCost of trying single modules before the search
     * @param origin where the winner comes from
     * @param reward what candidates were rewarded for
     * @param windows on how many windows the winner was compared with the last of the others
     * @param loss the winner's there, lower is better; of the reward perplexity, its logarithm
     * @param denseLoss the dense model's there
     */
    public record SearchSummary(
            int episodes,
            int evaluations,
            int savedEvaluations,
            double cost,
            double priorCost,
            String origin,
            String reward,
            int windows,
            double loss,
            double denseLoss) {}

    public PruneResult {
        if (variants.isEmpty()) {
            throw new IllegalArgumentException("a run measures at least one model");
        }
        variants = List.copyOf(variants);
        repairs = List.copyOf(repairs);
        texts = Map.copyOf(texts);
        warnings = List.copyOf(warnings);
        remarks = List.copyOf(remarks);
        samples = List.copyOf(samples);
    }
}
