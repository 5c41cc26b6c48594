package io.fastforward.run.stage;

import io.fastforward.evaluate.Perplexity;
import io.fastforward.model.Model;
import io.fastforward.prune.LogitProbe;
import io.fastforward.prune.SparsifyingPass;
import io.fastforward.record.RunRecord;
import io.fastforward.record.ShareChoice;
import io.fastforward.report.Progress;
import io.fastforward.report.VariantTable;
import io.fastforward.search.Budget;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.tensor.DataType;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Compares what a search found with the same share of zeros everywhere, by the method that will write the result: the search
 * went by a cheaper one, and what is best for weights that nobody moved is not always best for those that made up for zeros.
 *
 * @param record where what came of it goes, and stands
 * @param progress is told how far it is
 * @param budget what both meet
 * @param passes makes a pass of a policy
 * @param dataType of what is written; null keeps each tensor's own
 */
public record ShareChoiceStage(
        RunRecord record,
        Progress progress,
        ComputeBackend backend,
        Model model,
        Budget budget,
        Function<Policy, SparsifyingPass> passes,
        @Nullable DataType dataType) {

    /** The better one; from the record if it is there. */
    public ShareChoice execute(Policy found, Policy uniform, RunWindows windows) {
        if (found.equals(uniform)) {
            return new ShareChoice(uniform, true, Double.NaN, Double.NaN);
        }
        return record.shareChoice(budget).orElseGet(() -> compare(found, uniform, windows));
    }

    private ShareChoice compare(Policy found, Policy uniform, RunWindows windows) {
        int layers = model.spec().layers().size();
        progress.begin("Comparing with the same share everywhere", 2L * layers);
        double foundLoss = loss(found, windows, done -> progress.advance(done, "layers"));
        double uniformLoss = loss(uniform, windows, done -> progress.advance(layers + done, "layers"));
        boolean better = foundLoss < uniformLoss;
        ShareChoice choice = new ShareChoice(better ? found : uniform, !better, foundLoss, uniformLoss);
        record.saveShareChoice(choice);
        progress.end(String.format(
                Locale.ROOT,
                "perplexity %s on the reward windows with the shares that were found, %s with the same everywhere",
                VariantTable.significant(Math.exp(foundLoss)),
                VariantTable.significant(Math.exp(uniformLoss))));
        return choice;
    }

    private double loss(Policy policy, RunWindows windows, IntConsumer done) {
        try (LogitProbe probe = new LogitProbe(backend, model, model.spec(), dataType, List.of(windows.reward()))) {
            passes.apply(policy).run(windows.repair(), probe, done);
            return Perplexity.meanNegativeLogLikelihood(probe.logLikelihoods(), windows.reward());
        }
    }
}
