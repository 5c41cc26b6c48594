package io.fastforward.record;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import io.fastforward.spi.model.Policy;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a model would be after pruning, by how much is removed.
 *
 * @param windows on how many windows of the reward text it was evaluated
 * @param windowLength tokens of each
 * @param densePerplexity the whole model's on them
 * @param denseParameters all parameters of the whole model
 * @param denseWeightBytes what its weights take in the checkpoint
 * @param points the smallest sparsity first
 * @param unreachable sparsities that the constraints do not allow
 * @param cost of the evaluations and of trying single modules: tokens times the share of the layers that they passed
 * @param remarks what is odd about the checkpoint, a line each
 * @param runDirectory directory of the record
 */
public record PlanResult(
        int windows,
        int windowLength,
        double densePerplexity,
        long denseParameters,
        long denseWeightBytes,
        List<Point> points,
        List<Double> unreachable,
        double cost,
        List<String> remarks,
        String runDirectory)
        implements RunResult {

    /**
     * One size.
     *
     * @param targetSparsity what was asked for
     * @param sparsity what that removes of the decoder layers' linear parameters
     * @param policy the best of those that are likely to be good
     * @param parameters all that are left
     * @param weightBytes of the checkpoint that would be written
     * @param perplexity of the model that is cut and nothing else; may be not finite
     * @param repairedPerplexity of the model that is repaired besides; null if that was not asked for
     */
    public record Point(
            double targetSparsity,
            double sparsity,
            Policy policy,
            long parameters,
            long weightBytes,
            double perplexity,
            @JsonSetter(nulls = Nulls.SET) @Nullable Double repairedPerplexity) {}

    public PlanResult {
        points = List.copyOf(points);
        unreachable = List.copyOf(unreachable);
        remarks = List.copyOf(remarks);
    }
}
