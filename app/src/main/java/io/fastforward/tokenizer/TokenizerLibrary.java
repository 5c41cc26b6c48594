package io.fastforward.tokenizer;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.nativelibrary.NativeLibraryCache;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Properties;

/** The native library of Hugging Face, as it lies in the jar. */
final class TokenizerLibrary {

    private static final String RESOURCES = "/native/lib/";

    private TokenizerLibrary() {}

    /**
     * The files of the library, unpacked, in the order in which they must be loaded.
     *
     * @throws Failure of kind {@link FailureKind#STORAGE} if they cannot be unpacked, {@link FailureKind#DEVICE} if
     *     there are none for this platform
     */
    static List<Path> unpack() {
        List<URL> resources = names().stream().map(TokenizerLibrary::resource).toList();
        NativeLibraryCache cache = NativeLibraryCache.claim();
        String folder = "tokenizers-" + version();
        return resources.stream()
                .map(resource -> cache.unpack(folder, resource))
                .toList();
    }

    private static List<String> names() {
        String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
        String architecture = architecture();
        if (system.startsWith("windows")) {
            String folder = "win-" + architecture + "/cpu/";
            return List.of(
                    folder + "libwinpthread-1.dll",
                    folder + "libgcc_s_seh-1.dll",
                    folder + "libstdc++-6.dll",
                    folder + "tokenizers.dll");
        }
        return system.startsWith("mac")
                ? List.of("osx-" + architecture + "/cpu/libtokenizers.dylib")
                : List.of(system + "-" + architecture + "/cpu/libtokenizers.so");
    }

    private static String architecture() {
        String name = System.getProperty("os.arch", "");
        return name.equals("amd64") ? "x86_64" : name;
    }

    private static URL resource(String name) {
        URL resource = TokenizerLibrary.class.getResource(RESOURCES + name);
        if (resource == null) {
            throw FailureKind.DEVICE.failure("there is no tokenizer library for " + System.getProperty("os.name") + " "
                    + System.getProperty("os.arch")
                    + "; it exists for Linux (x86_64, aarch64), macOS (aarch64) and Windows (x86_64)");
        }
        return resource;
    }

    private static String version() {
        try (InputStream stream = TokenizerLibrary.class.getResourceAsStream(RESOURCES + "tokenizers.properties")) {
            var properties = new Properties();
            properties.load(Objects.requireNonNull(stream, "tokenizers.properties is not in the jar"));
            return properties.getProperty("version", "unknown");
        } catch (IOException e) {
            throw new IllegalStateException("tokenizers.properties cannot be read from the jar", e);
        }
    }
}
