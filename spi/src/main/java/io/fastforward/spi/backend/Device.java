package io.fastforward.spi.backend;

/**
 * A device that a provider can open.
 *
 * @param id the name by which a user asks for it: that of the provider, or {@code driver:index}
 * @param name what it is, for people
 * @param driver the kind of driver behind it, in lower case; "host" if there is none
 * @param memoryBytes its memory; 0: that of the host
 * @param gpu whether it is a GPU
 * @param automatic whether it may serve without being asked for
 */
public record Device(String id, String name, String driver, long memoryBytes, boolean gpu, boolean automatic) {}
