package io.fastforward.run;

/**
 * What a command may compute with.
 *
 * @param device as {@link Devices#run} takes it
 * @param threads CPU threads
 * @param memoryBytes most memory to plan with
 */
public record Compute(String device, int threads, long memoryBytes) {

    /** What each of some jobs may compute with that go on at a time. */
    public Compute forEachOf(int jobs) {
        return new Compute(device, Math.max(1, threads / jobs), memoryBytes / jobs);
    }
}
