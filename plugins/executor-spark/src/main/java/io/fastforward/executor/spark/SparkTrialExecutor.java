package io.fastforward.executor.spark;

import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.spi.search.Workload;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * Evaluates every batch as one Spark job, with a task for each Spark executor: candidates that agree on leading layers stay
 * together, and streamed layers are read once for several. What an executor was doing when it was lost, Spark has done by
 * another one.
 */
public final class SparkTrialExecutor implements TrialExecutor {

    private static final long POLL_MILLIS = 100;
    private static final long PATIENCE_SECONDS = 120;

    /** Executors come one by one: when none has come for so long, those that are there are all. */
    private static final long SETTLED_SECONDS = 3;

    private final JavaSparkContext context;
    private final LostExecutors lost;
    private final Broadcast<Workload> workload;
    private final int executors;
    private final int cores;
    private final long memoryBytes;
    private boolean begun;

    /** As {@link SparkJars#executor} has it. */
    public SparkTrialExecutor(
            SearchProcess search,
            Workload workload,
            Map<String, String> settings,
            int executors,
            int cores,
            long memoryBytes) {
        SparkConf conf = new SparkConf();
        settings.forEach(conf::set);
        this.context = new JavaSparkContext(conf);
        this.lost = new LostExecutors(search.notes());
        this.executors = executors;
        this.cores = cores;
        this.memoryBytes = memoryBytes;
        try {
            context.sc().addSparkListener(lost);
            this.workload = context.broadcast(workload);
        } catch (Throwable e) {
            context.stop();
            throw e;
        }
    }

    @Override
    public List<Result> execute(TrialBatch batch) {
        int tasks = Math.min(
                begun ? Math.max(1, running()) : awaitExecutors(),
                batch.candidates().size());
        begun = true;
        List<TrialBatch.Part> parts = batch.parts(tasks);
        Result[] results = new Result[batch.candidates().size()];
        List<Evaluation.Outcome> outcomes =
                run(parts.stream().map(TrialBatch.Part::batch).toList());
        for (int part = 0; part < parts.size(); part++) {
            Evaluation.Outcome outcome = outcomes.get(part);
            if (!outcome.refusal().isEmpty()) {
                throw new IllegalStateException(
                        "a Spark executor on " + outcome.host() + " refuses its work: " + outcome.refusal());
            }
            List<Integer> places = parts.get(part).places();
            for (int i = 0; i < places.size(); i++) {
                results[places.get(i)] = outcome.results().get(i);
            }
        }
        return List.of(results);
    }

    private List<Evaluation.Outcome> run(List<TrialBatch> parts) {
        try {
            return context.parallelize(parts, parts.size())
                    .map(new Evaluation(workload, cores, memoryBytes))
                    .collect();
        } catch (Exception e) { // collect throws checked ones that it does not declare
            if (e instanceof SparkException) {
                throw new IllegalStateException(
                        "the Spark job failed: "
                                + String.valueOf(e.getMessage())
                                        .lines()
                                        .findFirst()
                                        .orElse(""),
                        e);
            }
            throw e;
        }
    }

    /** Spark would wait for executors for ever, without a word to the user. */
    private int awaitExecutors() {
        if (context.isLocal()) {
            return 1;
        }
        long start = System.nanoTime();
        long changed = start;
        int seen = 0;
        while (true) {
            int running = running();
            long now = System.nanoTime();
            if (running != seen) {
                seen = running;
                changed = now;
            }
            boolean settled = now - changed > TimeUnit.SECONDS.toNanos(SETTLED_SECONDS);
            boolean late = now - start > TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
            if (seen > 0 && (executors > 0 ? seen >= executors || late : settled)) {
                return seen;
            }
            if (context.sc().isStopped()) {
                throw new IllegalStateException("the Spark cluster at " + context.master()
                        + " does not answer, or has ended this application; option master has to be the address that its"
                        + " master tells");
            }
            if (late) {
                throw new IllegalStateException("no executor of the Spark cluster at " + context.master()
                        + " came within " + PATIENCE_SECONDS + " seconds; it needs a worker with " + cores
                        + " free cores (option cores) and as much memory as option heap says");
            }
            pause();
        }
    }

    /** Executors that there are, without the driver, which counts as one. */
    private int running() {
        return context.statusTracker().getExecutorInfos().length - 1;
    }

    private static void pause() {
        try {
            Thread.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for Spark executors", e);
        }
    }

    @Override
    public void close() {
        lost.end();
        context.stop();
    }
}
