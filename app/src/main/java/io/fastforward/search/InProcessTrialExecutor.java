package io.fastforward.search;

import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor;
import java.util.List;

/** Evaluates trials in this process. */
public record InProcessTrialExecutor(TrialExecutor.Evaluator evaluator) implements TrialExecutor {

    @Override
    public List<Result> execute(TrialBatch batch) {
        return evaluator.evaluate(batch);
    }

    @Override
    public void close() {}
}
