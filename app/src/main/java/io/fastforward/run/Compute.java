package io.fastforward.run;

/**
 * What a command may compute with.
 *
 * @param device as {@link Devices#run} takes it
 * @param threads CPU threads
 * @param memoryBytes most memory to plan with
 */
public record Compute(String device, int threads, long memoryBytes) {}
