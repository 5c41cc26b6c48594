package io.fastforward.nativelibrary;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.failure.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import org.jspecify.annotations.Nullable;

/**
 * The directory into which native libraries are unpacked from the jar, private to the user: whoever can write to it
 * decides what code runs here. There is no other place to fall back to.
 *
 * @param directory an existing private directory
 */
public record NativeLibraryCache(Path directory) {

    /** The environment variable that names the directory. */
    public static final String VARIABLE = "FASTFORWARD_CACHE";

    private static final String PARTIAL = ".partial";
    private static final Duration ABANDONED = Duration.ofHours(1);

    /**
     * Finds the directory, makes it if it is not there, and checks that it is private.
     *
     * @throws Failure of kind {@link FailureKind#STORAGE} if it cannot be made or is not private; the message says why,
     *     and what to set
     */
    public static NativeLibraryCache claim() {
        return claim(location(System.getenv(), System.getProperty("user.home", ""), System.getProperty("os.name", "")));
    }

    /** Makes a directory and checks that it is private. */
    static NativeLibraryCache claim(Path location) {
        if (!location.isAbsolute()) { // also if the user has no home directory, as in some containers
            throw failure(location, "it is not an absolute path", null);
        }
        try {
            return new NativeLibraryCache(PrivateDirectory.claim(location));
        } catch (IOException | UnsupportedOperationException e) {
            throw failure(location, reason(e), e);
        }
    }

    /** {@link #VARIABLE}, else where the platform keeps caches. */
    static Path location(Map<String, String> environment, String home, String system) {
        String chosen = environment.getOrDefault(VARIABLE, "");
        if (!chosen.isBlank()) {
            return path("the environment variable " + VARIABLE, chosen);
        }
        String name = system.toLowerCase(Locale.ROOT);
        if (name.startsWith("windows")) {
            String local = environment.getOrDefault("LOCALAPPDATA", "");
            return (local.isBlank()
                            ? home(home).resolve("AppData", "Local")
                            : path("the environment variable LOCALAPPDATA", local))
                    .resolve("fastforward", "cache");
        }
        if (name.startsWith("mac")) {
            return home(home).resolve("Library", "Caches", "fastforward");
        }
        String caches = environment.getOrDefault("XDG_CACHE_HOME", "");
        boolean absolute = caches.startsWith("/"); // others must be ignored, says the specification
        return (absolute
                        ? path("the environment variable XDG_CACHE_HOME", caches)
                        : home(home).resolve(".cache"))
                .resolve("fastforward");
    }

    private static Path home(String home) {
        return path("the user's home directory (user.home)", home);
    }

    private static Path path(String what, String value) {
        try {
            return Path.of(value);
        } catch (InvalidPathException e) {
            throw FailureKind.STORAGE.failure(
                    "native libraries are unpacked to a directory below " + what + ", but no file can have the name '"
                            + OneLine.of(value) + "': " + e.getReason() + "; set the environment variable " + VARIABLE
                            + " to a directory of your own, or LC_ALL=C.UTF-8 if the name is not ASCII",
                    e);
        }
    }

    /**
     * Makes the libraries that unpack native code by themselves do so here, whatever the environment and the options
     * of the JVM say: JavaCPP, which loads OpenBLAS, and the terminal library of the progress bar. To be called before
     * either loads.
     */
    public void serveOtherLibraries() {
        String own = directory("javacpp").toString();
        System.setProperty("org.bytedeco.javacpp.cachedir", own);
        System.setProperty("org.bytedeco.javacpp.cacheDir", own);
        System.setProperty("jline.tmpdir", directory("jline").toString());
    }

    /**
     * The file that holds a native library. It is unpacked unless it is there with the right contents; half a file is
     * never seen, and any number of processes may do this at once.
     *
     * @param version a name for the directory it lies in
     * @param resource the library in the jar
     * @throws Failure of kind {@link FailureKind#STORAGE} if it cannot be written
     */
    public Path unpack(String version, URL resource) {
        Path folder = directory(version);
        String path = resource.getPath();
        Path file = folder.resolve(path.substring(path.lastIndexOf('/') + 1));
        try {
            long checksum = checksumOf(resource);
            if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                    || checksumOf(Files.newInputStream(file)) != checksum) {
                write(resource, file);
            }
            return file;
        } catch (IOException e) {
            throw failure(file, reason(e), e);
        }
    }

    /** A failure that says what to set. */
    public static Failure failure(Path location, String reason, @Nullable Throwable cause) {
        return FailureKind.STORAGE.failure(
                "native libraries cannot be unpacked to '" + location + "' and run from there: " + reason
                        + "; set the environment variable " + VARIABLE + " to a directory of your own that nobody else"
                        + " can write to (mktemp -d makes one), on a file system that has room and may hold programs",
                cause);
    }

    private Path directory(String name) {
        Path folder = directory.resolve(name);
        try {
            return PrivateDirectory.claim(folder);
        } catch (IOException e) {
            throw failure(folder, reason(e), e);
        }
    }

    private static void write(URL resource, Path file) throws IOException {
        deleteAbandoned(file.resolveSibling(""));
        Path partial = Files.createTempFile(file.resolveSibling(""), "library", PARTIAL);
        try {
            try (InputStream from = resource.openStream();
                    FileChannel channel = FileChannel.open(partial, StandardOpenOption.WRITE);
                    OutputStream to = Channels.newOutputStream(channel)) {
                from.transferTo(to);
                channel.force(true);
            }
            Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    /** What processes that were killed have left. */
    private static void deleteAbandoned(Path folder) {
        Instant limit = Instant.now().minus(ABANDONED);
        try (DirectoryStream<Path> partials = Files.newDirectoryStream(folder, "*" + PARTIAL)) {
            for (Path partial : partials) {
                deleteAbandoned(partial, limit);
            }
        } catch (IOException | DirectoryIteratorException _) {
            // what is left takes room and does no harm
        }
    }

    private static void deleteAbandoned(Path partial, Instant limit) {
        try {
            if (Files.getLastModifiedTime(partial).toInstant().isBefore(limit)) {
                Files.deleteIfExists(partial);
            }
        } catch (IOException _) {
            // another process has finished with it
        }
    }

    private static long checksumOf(URL resource) throws IOException {
        URLConnection connection = resource.openConnection();
        return connection instanceof JarURLConnection jar
                ? jar.getJarEntry().getCrc()
                : checksumOf(connection.getInputStream());
    }

    /** Reads all of a stream, and closes it. */
    private static long checksumOf(InputStream stream) throws IOException {
        try (var checked = new CheckedInputStream(stream, new CRC32())) {
            checked.transferTo(OutputStream.nullOutputStream());
            return checked.getChecksum().getValue();
        }
    }

    private static String reason(Exception cause) {
        return switch (cause) {
            case AccessDeniedException denied -> "permission to write '" + denied.getFile() + "' is denied";
            case FileSystemException other
            when other.getReason() != null -> "'" + other.getFile() + "': " + other.getReason();
            case FileAlreadyExistsException there -> "'" + there.getFile() + "' is in the way";
            case IOException other -> Reason.of(other);
            default -> String.valueOf(cause.getMessage());
        };
    }
}
