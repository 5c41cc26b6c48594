package io.fastforward.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** By how much this process grows at most, in memory that no file backs: looks again and again, on a thread of its own. */
final class MemoryPeak implements AutoCloseable {

    private static final Path STATUS = Path.of("/proc/self/status");
    private static final String ANONYMOUS = "RssAnon:";
    private static final int MILLISECONDS = 2;

    private final long before;
    private final Thread watch =
            Thread.ofPlatform().daemon().name("memory-peak").unstarted(this::watch);
    private volatile long most;
    private volatile boolean closed;

    private MemoryPeak(long before) {
        this.before = before;
        this.most = before;
    }

    static MemoryPeak begin() {
        MemoryPeak peak = new MemoryPeak(anonymousBytes().orElse(-1));
        peak.watch.start();
        return peak;
    }

    /** Bytes since it began; null where the system does not tell. */
    @Nullable
    Long growth() {
        look();
        return before < 0 ? null : Long.valueOf(most - before);
    }

    private void watch() {
        try {
            while (!closed && before >= 0) {
                look();
                Thread.sleep(MILLISECONDS);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void look() {
        most = Math.max(most, anonymousBytes().orElse(0));
    }

    private static OptionalLong anonymousBytes() {
        try {
            return Files.isReadable(STATUS)
                    ? Files.readAllLines(STATUS).stream()
                            .filter(line -> line.startsWith(ANONYMOUS))
                            .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10) // kB
                            .findFirst()
                    : OptionalLong.empty();
        } catch (IOException | NumberFormatException _) {
            return OptionalLong.empty();
        }
    }

    @Override
    public void close() {
        closed = true;
    }
}
