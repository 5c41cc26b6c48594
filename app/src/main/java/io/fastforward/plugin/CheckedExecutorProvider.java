package io.fastforward.plugin;

import io.fastforward.spi.Options;
import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.spi.search.TrialExecutor.SearchProcess;
import io.fastforward.spi.search.Workload;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A maker of executors whose results are known to be as many as the candidates, with a loss for every window. */
record CheckedExecutorProvider(CalledPlugin called, TrialExecutor.Provider plugin)
        implements CheckedPlugin, TrialExecutor.Provider {

    @Override
    public void check(Options options) {
        called.callWithOptions("looking at its options", options, () -> {
            plugin.check(options);
            return true;
        });
    }

    @Override
    public TrialExecutor create(SearchProcess search, Workload workload, Options options) {
        EngineCalls engine = new EngineCalls();
        SearchProcess watched = new SearchProcess(
                batch -> engine.call(() -> search.local().evaluate(batch)),
                search.threads(),
                search.memoryBytes(),
                search.notes());
        TrialExecutor executor = called.callWithOptions(
                "creating an executor", options, () -> plugin.create(watched, workload, options));
        return new Checked(called, engine, executor);
    }

    private record Checked(CalledPlugin called, EngineCalls engine, TrialExecutor executor) implements TrialExecutor {

        @Override
        public List<Result> execute(TrialBatch batch) {
            List<Result> results =
                    engine.within(() -> called.call("executing trials", () -> copy(executor.execute(batch))));
            int candidates = batch.candidates().size();
            if (results.size() != candidates) {
                throw called.failure(
                        "was given " + candidates + " candidates, but returned " + results.size() + " results");
            }
            results.forEach(result -> {
                if (result.losses().size() != batch.windows().size() || !(result.cost() >= 0)) {
                    throw called.failure("was given " + batch.windows().size() + " windows, but returned "
                            + result.losses().size() + " losses at a cost of " + result.cost());
                }
            });
            return results;
        }

        @Override
        public void close() {
            called.run("closing", executor::close);
        }

        /** Throws if one is null. */
        private static @Nullable List<Result> copy(@Nullable List<Result> results) {
            return results == null ? null : List.copyOf(results);
        }
    }
}
