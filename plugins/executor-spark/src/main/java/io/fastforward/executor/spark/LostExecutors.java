package io.fastforward.executor.spark;

import java.util.function.Consumer;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;

/** Tells of Spark executors that were lost. */
final class LostExecutors extends SparkListener {

    private final Consumer<String> notes;
    private volatile boolean ended;

    LostExecutors(Consumer<String> notes) {
        this.notes = notes;
    }

    /** From now on executors go because they are no longer needed. */
    void end() {
        ended = true;
    }

    @Override
    public void onExecutorRemoved(SparkListenerExecutorRemoved removed) {
        if (!ended) {
            notes.accept("Warning: Spark lost executor " + removed.executorId() + " ("
                    + removed.reason().lines().findFirst().orElse("no reason given")
                    + "); what it was doing is done again");
        }
    }
}
