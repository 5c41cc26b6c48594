package io.fastforward.tokenizer;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.failure.Reason;
import io.fastforward.nativelibrary.JavaProcess;
import io.fastforward.nativelibrary.NativeLibraryCache;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The tokenizer library in a process of its own. A file or a text that the library does not expect makes it abort the
 * process that it runs in, or keeps it busy for ever, and neither can be caught or stopped from within. What happens to
 * that process is told as a {@link TokenizerTrouble}.
 *
 * <p>Used by one thread at a time.
 */
final class TokenizerProcess implements AutoCloseable {

    /** Far more than any sound file, and any short text, takes: the largest public ones open in about a second. */
    static final Duration PATIENCE = Duration.ofMinutes(2);

    // In bytes a second, and both far below what was measured: 5 MB for files, and 260 kB for texts of many megabytes.
    private static final long SLOWEST_OPENING = 100_000;
    private static final long SLOWEST_ENCODING = 10_000;

    private static final long WATCH_INTERVAL_MILLIS = 100;
    private static final long END_SECONDS = 10;
    private static final int BUFFER = 1 << 16;
    private static final int MOST_ERROR_OUTPUT = 1 << 14;

    /** How a process ends on Unix that is sent SIGKILL, as the system does when memory runs out. */
    private static final int KILLED = 128 + 9;

    private static final String PANIC = "panicked at ";

    private final Process process;
    private final Duration patience;
    private final DataOutputStream requests;
    private final DataInputStream replies;
    private final Thread errorReader;
    /** By when an answer must have come, as {@link System#nanoTime}; 0 if none is awaited. */
    private volatile long deadline;

    private volatile boolean late;

    /** What it wrote to standard error; changed by the thread that reads that alone. */
    private volatile String errors = "";

    private TokenizerProcess(Process process, Duration patience) {
        this.process = process;
        this.patience = patience;
        this.requests = new DataOutputStream(new BufferedOutputStream(process.getOutputStream(), BUFFER));
        this.replies = new DataInputStream(new BufferedInputStream(process.getInputStream(), BUFFER));
        this.errorReader = Thread.ofPlatform().daemon().name("tokenizer errors").start(this::readErrors);
        Thread.ofPlatform().daemon().name("tokenizer watch").start(this::watch);
    }

    /**
     * Starts the process, with the library loaded.
     *
     * @param patience how long an answer may take, and more for long texts
     * @throws Failure of kind {@link FailureKind#STORAGE} if the library cannot be unpacked, or loaded from there, or
     *     no process can be started
     */
    static TokenizerProcess start(Duration patience) {
        return start(patience, Runtime.getRuntime().maxMemory());
    }

    /**
     * Starts the process, with the library loaded.
     *
     * @param heap how many bytes Java may use there, beside the library's own memory
     */
    static TokenizerProcess start(Duration patience, long heap) {
        List<Path> libraries = TokenizerLibrary.unpack();
        List<String> command = new ArrayList<>();
        command.add(JavaProcess.program());
        command.addAll(List.of(
                "--enable-native-access=ALL-UNNAMED",
                // It starts sooner, and has little to do in Java.
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx" + heap,
                "-XX:-UsePerfData",
                // Standard output is for answers.
                "-XX:+DisplayVMOutputToStderr",
                // An end by the library's fault is not one for the users of the JVM to look into.
                "-XX:+SuppressFatalErrorMessage",
                "-cp",
                Stream.of(TokenizerServer.class, TokenizersLibrary.class)
                        .map(TokenizerProcess::classPath)
                        .distinct()
                        .collect(Collectors.joining(File.pathSeparator)),
                TokenizerServer.class.getName()));
        libraries.forEach(library -> command.add(library.toString()));
        TokenizerProcess started;
        try {
            started = new TokenizerProcess(JavaProcess.of(command).start(), patience);
        } catch (IOException e) {
            throw FailureKind.STORAGE.failure(
                    "the tokenizer's process cannot be started: " + Reason.of(e)
                            + "; free memory, or allow more processes (ulimit -u)",
                    e);
        }
        try {
            started.deadline = System.nanoTime() + patience.toNanos();
            started.await(_ -> true);
            return started;
        } catch (TokenizerTrouble e) {
            started.close();
            if (e.kind() == TokenizerTrouble.Kind.KILLED) {
                throw e.killed("the tokenizer's process cannot be started");
            }
            throw NativeLibraryCache.failure(
                    libraries.getLast().resolveSibling(""), OneLine.of(String.valueOf(e.getMessage())), e);
        }
    }

    /** Opens a tokenizer, in place of one that was open. */
    void open(String json) throws TokenizerTrouble {
        byte[] utf8 = json.getBytes(StandardCharsets.UTF_8);
        send(utf8.length / SLOWEST_OPENING, TokenizerServer.OPEN, to -> TokenizerServer.writeText(to, utf8));
        await(_ -> true);
    }

    /** The tokens of a text; ids are unsigned. */
    int[] encode(String text, boolean addSpecialTokens) throws TokenizerTrouble {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        send(utf8.length / SLOWEST_ENCODING, TokenizerServer.ENCODE, to -> {
            to.writeBoolean(addSpecialTokens);
            TokenizerServer.writeText(to, utf8);
        });
        return await(TokenizerServer::readIds);
    }

    /** The text of some tokens. */
    String decode(int[] ids, boolean skipSpecialTokens) throws TokenizerTrouble {
        send(ids.length / SLOWEST_ENCODING, TokenizerServer.DECODE, to -> {
            to.writeBoolean(skipSpecialTokens);
            TokenizerServer.writeIds(to, ids);
        });
        return await(TokenizerServer::readText);
    }

    /** Whether it can still be asked. */
    boolean isAlive() {
        return process.isAlive();
    }

    /** Ends the process. */
    @Override
    public void close() {
        process.destroyForcibly();
    }

    private interface Writer {
        void writeTo(DataOutputStream requests) throws IOException;
    }

    private interface Reader<T> {
        T readFrom(DataInputStream replies) throws IOException;
    }

    private void send(long moreSeconds, int request, Writer payload) throws TokenizerTrouble {
        deadline = System.nanoTime() + patience.toNanos() + TimeUnit.SECONDS.toNanos(moreSeconds);
        try {
            requests.writeByte(request);
            payload.writeTo(requests);
            requests.flush();
        } catch (IOException e) {
            await(_ -> true); // it may have said why it reads no more
            throw ended(e);
        }
    }

    private <T> T await(Reader<T> payload) throws TokenizerTrouble {
        try {
            int reply = replies.readUnsignedByte();
            return switch (reply) {
                case TokenizerServer.DONE -> payload.readFrom(replies);
                case TokenizerServer.REFUSED ->
                    throw new TokenizerTrouble(TokenizerTrouble.Kind.REFUSED, TokenizerServer.readText(replies), null);
                case TokenizerServer.OUT_OF_MEMORY ->
                    throw new TokenizerTrouble(TokenizerTrouble.Kind.OUT_OF_MEMORY, "its memory is too small", null);
                default -> throw new IOException("there is no reply " + reply);
            };
        } catch (IOException e) {
            throw ended(e);
        } finally {
            deadline = 0;
        }
    }

    private TokenizerTrouble ended(IOException cause) {
        boolean byItself = false;
        try {
            byItself = process.waitFor(END_SECONDS, TimeUnit.SECONDS);
            if (!byItself) {
                process.destroyForcibly();
            }
            errorReader.join(Duration.ofSeconds(END_SECONDS));
        } catch (InterruptedException _) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        if (late) {
            return new TokenizerTrouble(
                    TokenizerTrouble.Kind.LATE,
                    "the library did not answer in " + patience.toSeconds() + " s and longer",
                    cause);
        }
        return byItself && process.exitValue() == KILLED
                ? new TokenizerTrouble(
                        TokenizerTrouble.Kind.KILLED,
                        "the tokenizer's process was killed, perhaps by the system for want of memory",
                        cause)
                : new TokenizerTrouble(TokenizerTrouble.Kind.ENDED, lastWords(), cause);
    }

    /** What the library said when it aborted: the line after the place in its source, else all of it. */
    private String lastWords() {
        String said = errors;
        int panic = said.indexOf(PANIC);
        if (panic >= 0) {
            String message = said.substring(said.indexOf('\n', panic) + 1).strip();
            return message.lines().findFirst().orElse("it gives no reason");
        }
        String line = said.strip().replaceAll("\\s+", " ");
        return line.isEmpty() ? "its process ended" + (process.isAlive() ? "" : " with " + process.exitValue()) : line;
    }

    private void readErrors() {
        try (InputStream stream = process.getErrorStream()) {
            byte[] buffer = new byte[1024];
            for (int count = stream.read(buffer); count >= 0; count = stream.read(buffer)) {
                if (errors.length() < MOST_ERROR_OUTPUT) {
                    errors = errors.concat(new String(buffer, 0, count, StandardCharsets.UTF_8));
                }
            }
        } catch (IOException _) {
            // the process was ended
        }
    }

    private void watch() {
        try {
            while (!process.waitFor(WATCH_INTERVAL_MILLIS, TimeUnit.MILLISECONDS)) {
                long limit = deadline;
                if (limit != 0 && System.nanoTime() - limit > 0) {
                    late = true;
                    process.destroyForcibly();
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private static String classPath(Class<?> type) {
        try {
            return Path.of(type.getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException("the place that " + type + " was loaded from has no path", e);
        }
    }
}
