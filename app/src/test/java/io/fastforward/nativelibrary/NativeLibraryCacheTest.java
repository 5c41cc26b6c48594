package io.fastforward.nativelibrary;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.testing.Failures;
import java.io.IOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

class NativeLibraryCacheTest {

    private static final Path HOME = Path.of("/home/someone");

    @TempDir
    private Path directory;

    @Test
    void thePlaceIsThatOfThePlatformUnlessItIsSet() {
        assertThat(location(Map.of(), "Linux")).isEqualTo(HOME.resolve(".cache/fastforward"));
        assertThat(location(Map.of("XDG_CACHE_HOME", "/fast"), "Linux")).isEqualTo(Path.of("/fast/fastforward"));
        assertThat(location(Map.of("XDG_CACHE_HOME", "relative"), "Linux"))
                .isEqualTo(HOME.resolve(".cache/fastforward"));
        assertThat(location(Map.of(), "Mac OS X")).isEqualTo(HOME.resolve("Library/Caches/fastforward"));
        assertThat(location(Map.of("LOCALAPPDATA", "/local"), "Windows 11"))
                .isEqualTo(Path.of("/local/fastforward/cache"));
        Map<String, String> set = Map.of("FASTFORWARD_CACHE", "/own", "XDG_CACHE_HOME", "/fast");
        assertThat(location(set, "Linux")).isEqualTo(Path.of("/own"));
    }

    /** As is one with other characters than ASCII ones, if the locale is not UTF-8. */
    @Test
    void aNameThatNoFileCanHaveIsRefused() {
        for (String variable : List.of("FASTFORWARD_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA")) {
            String system = variable.equals("LOCALAPPDATA") ? "Windows 11" : "Linux";
            Failures.expect(
                    FailureKind.STORAGE,
                    () -> location(Map.of(variable, "/a\0b"), system),
                    "the environment variable " + variable,
                    "'/a\uFFFDb'",
                    "FASTFORWARD_CACHE");
        }
        Failures.expect(
                FailureKind.STORAGE,
                () -> NativeLibraryCache.location(Map.of(), "/a\0b", "Linux"),
                "home directory",
                "FASTFORWARD_CACHE");
        assertThat(NativeLibraryCache.location(Map.of("FASTFORWARD_CACHE", "/own"), "/a\0b", "Linux"))
                .isEqualTo(Path.of("/own"));
    }

    @Test
    void newDirectoriesAreForTheUserAlone() throws IOException {
        Path cache = directory.resolve("not/there/yet");
        Path file = NativeLibraryCache.claim(cache).unpack("library-1", resource("one"));
        assertThat(file).hasContent("one").isRegularFile();
        assertThat(mode(file.resolveSibling(""))).isEqualTo("rwx------");
        for (String folder : List.of("not", "not/there", "not/there/yet")) {
            assertThat(mode(directory.resolve(folder))).isEqualTo("rwx------");
        }
    }

    @Test
    void aDirectoryThatOthersMayWriteToIsRefused() throws IOException {
        Path cache = Files.createDirectory(directory.resolve("cache"));
        for (String mode : List.of("rwxrwx---", "rwx----w-", "rwxrwxrwx")) {
            Files.setPosixFilePermissions(cache, PosixFilePermissions.fromString(mode));
            assertRefused(cache, "others may write to", cache.toString(), mode);
        }
        Files.setPosixFilePermissions(cache, PosixFilePermissions.fromString("rwxr-xr-x"));
        assertThat(NativeLibraryCache.claim(cache).directory()).isEqualTo(cache.toRealPath());
    }

    /** Whoever may write to a directory above can put another one in the place of this one. */
    @Test
    void aDirectoryBelowOneThatOthersMayWriteToIsRefused() throws IOException {
        Path shared = Files.createDirectory(directory.resolve("shared"));
        Path cache = shared.resolve("cache");
        Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertRefused(cache, "others may write to '" + shared.toRealPath());
        Path link = Files.createSymbolicLink(directory.resolve("link"), shared);
        assertRefused(link.resolve("cache"), "others may write to '" + shared.toRealPath());
    }

    @Test
    void aDirectoryBelowOneWhereEveryoneOwnsTheirOwnIsFine() throws Exception {
        Path shared = Files.createDirectory(directory.resolve("shared"));
        assertThat(new ProcessBuilder("chmod", "1777", shared.toString())
                        .start()
                        .waitFor())
                .isZero();
        assertThat(NativeLibraryCache.claim(shared.resolve("cache")).directory())
                .isEqualTo(shared.toRealPath().resolve("cache"));
    }

    @Test
    @EnabledIf("isRoot")
    void aDirectoryOfSomeoneElseIsRefused() throws IOException {
        Path cache = Files.createDirectory(directory.resolve("cache"));
        Files.setAttribute(cache, "unix:uid", 12345);
        assertRefused(cache, "belongs to 12345");
        Path below = Files.createDirectory(cache.resolve("below"));
        assertRefused(below, "'" + cache.toRealPath() + "' belongs to 12345");
        Files.setAttribute(cache, "unix:uid", 0);
        NativeLibraryCache claimed = NativeLibraryCache.claim(cache);
        Path planted = Files.createDirectory(cache.resolve("library-1"));
        Files.setAttribute(planted, "unix:uid", 12345);
        assertThatThrownBy(() -> claimed.unpack("library-1", resource("one"))).hasMessageContaining("belongs to 12345");
    }

    @Test
    void aPlaceThatIsNoDirectoryIsRefused() throws IOException {
        Path file = Files.createFile(directory.resolve("file"));
        assertRefused(file, "is in the way");
        assertRefused(file.resolve("cache"), "file");
        assertRefused(Path.of("?/.cache/fastforward"), "'?/.cache/fastforward'", "not an absolute path");
    }

    @Test
    void aLibraryWithOtherContentsIsReplaced() throws IOException {
        NativeLibraryCache cache = NativeLibraryCache.claim(directory.resolve("cache"));
        Path file = cache.unpack("library-1", resource("right"));
        Files.writeString(file, "wrong");
        assertThat(cache.unpack("library-1", resource("right"))).isEqualTo(file).hasContent("right");
        Path elsewhere = Files.writeString(directory.resolve("elsewhere"), "right");
        Files.delete(file);
        Files.createSymbolicLink(file, elsewhere);
        cache.unpack("library-1", resource("right"));
        assertThat(file)
                .isRegularFile()
                .satisfies(it -> assertThat(Files.isSymbolicLink(it)).isFalse());
        assertThat(file.getParent()).isDirectoryNotContaining("glob:**.partial");
    }

    /** Here something that is not empty has the name of one. */
    @Test
    void whatCannotBeTidiedUpIsLeft() throws IOException {
        NativeLibraryCache cache = NativeLibraryCache.claim(directory.resolve("cache"));
        Path folder = cache.unpack("library-1", resource("one")).resolveSibling("");
        Path left = Files.createDirectories(folder.resolve("a.partial/b")).getParent();
        Path abandoned = Files.createFile(folder.resolve("z.partial"));
        for (Path old : List.of(left, abandoned)) {
            Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofDays(1))));
        }
        assertThat(cache.unpack("library-1", resource("two"))).hasContent("two");
        assertThat(left).exists();
        assertThat(abandoned).doesNotExist();
    }

    @Test
    void anyNumberMayUnpackAtOnce() throws Exception {
        String contents = "0123456789".repeat(100_000);
        URL resource = resource(contents);
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            List<Callable<Path>> starts = new ArrayList<>();
            for (int i = 0; i < 32; i++) {
                starts.add(() ->
                        NativeLibraryCache.claim(directory.resolve("cache")).unpack("library-1", resource));
            }
            for (Future<Path> start : threads.invokeAll(starts)) {
                assertThat(start.get()).hasContent(contents);
            }
        }
    }

    static boolean isRoot() {
        return System.getProperty("user.name").equals("root");
    }

    private static Path location(Map<String, String> environment, String system) {
        return NativeLibraryCache.location(environment, HOME.toString(), system);
    }

    private URL resource(String contents) throws IOException {
        Path source = Files.createDirectories(directory.resolve("jar")).resolve("library.so");
        return Files.writeString(source, contents).toUri().toURL();
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    private static void assertRefused(Path cache, String... words) {
        assertThatThrownBy(() -> NativeLibraryCache.claim(cache))
                .isInstanceOfSatisfying(
                        Failure.class, failure -> assertThat(failure.kind()).isEqualTo(FailureKind.STORAGE))
                .hasMessageContainingAll(words)
                .hasMessageContaining("set the environment variable FASTFORWARD_CACHE");
    }
}
