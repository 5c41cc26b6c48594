package io.fastforward.endtoend;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A signal that ends a process, and the exit code that tells of it. */
record EndSignal(String name, int exitCode) {

    private static final String IGNORED = "SigIgn:";

    /** The bit of SIGINT in the set of ignored signals. */
    private static final long SIGINT_BIT = 1 << 1;

    /**
     * What Ctrl-C sends; or, since a process started in the background of a script ignores that and passes it on, what
     * a batch system sends.
     */
    static EndSignal sent() throws IOException {
        Path status = Path.of("/proc/self/status");
        boolean ignored = Files.exists(status)
                && Files.readAllLines(status).stream()
                        .filter(line -> line.startsWith(IGNORED))
                        .mapToLong(line -> Long.parseUnsignedLong(
                                line.substring(IGNORED.length()).strip(), 16))
                        .anyMatch(set -> (set & SIGINT_BIT) != 0);
        return ignored ? new EndSignal("TERM", 143) : new EndSignal("INT", 130);
    }
}
