package io.fastforward.worker;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.json.StrictJson;
import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor.Result;
import io.fastforward.spi.search.Workload;
import java.util.List;

/**
 * What is said to a worker and by it, each a line of JSON: a {@link Workload}, then {@link TrialBatch batches}, each of which
 * is answered by {@link Results}.
 */
public final class WorkerLines {

    private WorkerLines() {}

    /**
     * The answer to a batch.
     *
     * @param results one for each candidate, in their order
     */
    public record Results(List<Result> results) {

        public Results {
            results = List.copyOf(results);
        }
    }

    /** A workload, a batch or results as a line, without its end. */
    static String of(Record record) {
        return StrictJson.line(record);
    }

    /** The answer to a batch as a line, without its end. */
    public static String answer(List<Result> results) {
        return of(new Results(results));
    }

    /**
     * Reads a workload.
     *
     * @param origin where the line is from, for the message
     * @throws Failure if it is none
     */
    public static Workload workload(String line, String origin) {
        return read(line, Workload.class, origin, "a workload");
    }

    /**
     * Reads a batch.
     *
     * @param origin where the line is from, for the message
     * @throws Failure if it is none
     */
    public static TrialBatch batch(String line, String origin) {
        return read(line, TrialBatch.class, origin, "a batch of candidates");
    }

    /**
     * Reads the answer to a batch.
     *
     * @param origin where the line is from, for the message
     * @throws Failure if it is none
     */
    static List<Result> results(String line, String origin) {
        return read(line, Results.class, origin, "the results of a batch").results();
    }

    private static <T> T read(String line, Class<T> type, String origin, String expected) {
        try {
            return StrictJson.read(line, type);
        } catch (JsonProcessingException e) {
            throw FailureKind.BAD_RECORD.failure(origin + " is not " + expected + ": " + StrictJson.reason(e), e);
        }
    }
}
