package io.fastforward.record;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import io.fastforward.evaluate.ZeroShares;
import io.fastforward.report.Variant;
import io.fastforward.tokenizer.TextSummary;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What came out of setting weights to zero.
 *
 * @param variants figures: the dense model, and the sparse one as it was written
 * @param zeros what is zero in every map, counted in what was written
 * @param search summary of the search for shares; null if every map has the same pattern
 * @param choice how what the search found compared with the same share everywhere; null if it was not
 * @param reloadDifference largest relative difference of logits between the model in memory and the written one
 * @param texts what was read of the texts, by their role
 * @param heldOut whether figures are on the end of the calibration text
 * @param remarks what is odd about the checkpoint, a line each
 * @param output directory of the sparse checkpoint
 * @param runDirectory directory of the run's record
 */
public record SparsifyResult(
        List<Variant> variants,
        ZeroShares zeros,
        @JsonSetter(nulls = Nulls.SET) PruneResult.@Nullable SearchSummary search,
        @JsonSetter(nulls = Nulls.SET) @Nullable ShareChoice choice,
        double reloadDifference,
        Map<String, TextSummary> texts,
        boolean heldOut,
        List<String> remarks,
        String output,
        String runDirectory)
        implements RunResult {

    public SparsifyResult {
        variants = List.copyOf(variants);
        texts = Map.copyOf(texts);
        remarks = List.copyOf(remarks);
    }
}
