package io.fastforward.executor.spark;

import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor.Result;
import io.fastforward.spi.search.Workload;
import java.io.Serializable;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;

/** What a Spark task does: evaluates a part of a batch. */
final class Evaluation implements Function<TrialBatch, Evaluation.Outcome> {

    private final Broadcast<Workload> workload;
    private final int cores;
    private final long memoryBytes;

    /**
     * What came of it.
     *
     * @param results one for each candidate; none if there is a refusal
     * @param refusal why the part cannot be evaluated there, and could not if it were tried again; else empty
     * @param host where
     */
    record Outcome(List<Result> results, String refusal, String host) implements Serializable {}

    Evaluation(Broadcast<Workload> workload, int cores, long memoryBytes) {
        this.workload = workload;
        this.cores = cores;
        this.memoryBytes = memoryBytes;
    }

    @Override
    public Outcome call(TrialBatch part) {
        try {
            // Another search of this application has another broadcast.
            List<Result> results = WorkerOfThisJvm.evaluate(workload.id(), workload.value(), cores, memoryBytes, part);
            return new Outcome(List.copyOf(results), "", host());
        } catch (RuntimeException e) { // which would come again; what is an Error is tried again, by another executor
            return new Outcome(List.of(), String.valueOf(e.getMessage()), host());
        }
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException _) {
            return "an unknown host";
        }
    }
}
