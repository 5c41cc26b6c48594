package io.fastforward.report;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import io.fastforward.evaluate.ChoiceAccuracy;
import io.fastforward.evaluate.Perplexity;
import org.jspecify.annotations.Nullable;

/**
 * The figures of one variant of the model.
 *
 * @param name such as "dense" or "searched + ridge"
 * @param parameters all parameters of the model
 * @param sparsity share of the decoder layers' linear parameters that was removed
 * @param perplexity on the text that figures are reported on
 * @param accuracy on the tasks, if there were any
 */
public record Variant(
        String name,
        long parameters,
        double sparsity,
        Perplexity perplexity,
        @JsonSetter(nulls = Nulls.SET) @Nullable ChoiceAccuracy accuracy) {}
