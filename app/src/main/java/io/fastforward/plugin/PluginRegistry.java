package io.fastforward.plugin;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.nativelibrary.NativeLibraryCache;
import io.fastforward.spi.Options;
import io.fastforward.spi.Plugin;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The providers that were found. Each is looked at on its own: a broken one is recorded with its cause and the rest
 * go on. External jars get a class loader each that sees only the contract, and the contract's version in their
 * manifest is checked before any of their classes loads. Immutable once loaded.
 */
public final class PluginRegistry {

    private static final int MOST_ERRORS = 100; // a service file of nothing but rubbish must not keep us busy

    private final List<PluginEntry> entries;

    private PluginRegistry(List<PluginEntry> entries) {
        this.entries = List.copyOf(entries);
    }

    /**
     * Looks through the application's own class path and, if given, every jar of a directory. From then on, native
     * libraries of plugins are unpacked where nobody else can write.
     *
     * @throws Failure if the directory cannot be read, or there is no such place
     */
    public static PluginRegistry load(@Nullable Path directory) {
        NativeLibraryCache.claim().serveOtherLibraries();
        List<PluginEntry> entries = new ArrayList<>();
        ClassLoader application = PluginRegistry.class.getClassLoader();
        for (PluginKind<?> kind : PluginKind.ALL) {
            discover(kind, application, entries);
        }
        if (directory != null) {
            ClassLoader parent = new SpiOnlyClassLoader(application);
            for (Path jar : jarsIn(directory)) {
                loadJar(jar, parent, entries);
            }
        }
        return new PluginRegistry(entries);
    }

    /** Everything that was looked at, working or broken. */
    public List<PluginEntry> entries() {
        return entries;
    }

    /**
     * The provider of some kind with an id.
     *
     * @throws Failure if there is none (the message lists those that exist, and the broken ones with their causes) or
     *     more than one (the message names both jars)
     */
    public <T extends Plugin> T find(PluginKind<T> kind, String id) {
        List<PluginEntry.Working> found = entries(PluginEntry.Working.class, kind.name())
                .filter(entry -> entry.provider().id().equals(id))
                .toList();
        if (found.size() > 1) {
            throw FailureKind.PLUGIN.failure("two plugins of kind " + kind.name() + " have the id '" + id + "': "
                    + found.stream().map(PluginEntry.Working::origin).collect(Collectors.joining(" and "))
                    + "; remove one of them");
        }
        if (found.isEmpty()) {
            throw unknown(kind, id);
        }
        return kind.service().cast(found.getFirst().provider());
    }

    /**
     * The jar that a plugin came from.
     *
     * @return empty if it is one of the application's own, or there is none
     */
    public Optional<Path> externalJar(PluginKind<?> kind, String id) {
        return entries(PluginEntry.Working.class, kind.name())
                .map(PluginEntry.Working::provider)
                .map(CheckedPlugin.class::cast)
                .filter(provider ->
                        provider.id().equals(id) && provider.called().external())
                .map(provider -> Path.of(provider.called().origin()))
                .findFirst();
    }

    /** All working providers of a kind. */
    public <T extends Plugin> List<T> all(PluginKind<T> kind) {
        return entries(PluginEntry.Working.class, kind.name())
                .map(entry -> kind.service().cast(entry.provider()))
                .toList();
    }

    private <E extends PluginEntry> Stream<E> entries(Class<E> type, String... kinds) {
        return entries.stream()
                .filter(type::isInstance)
                .map(type::cast)
                .filter(entry -> List.of(kinds).contains(entry.kind()));
    }

    /**
     * What a user gave for the options of a plugin, read and checked.
     *
     * @throws Failure if there is no such option, or a value is none of its values
     */
    public static Options options(PluginKind<?> kind, Plugin plugin, Map<String, String> given) {
        try {
            return Options.of(plugin.options(), given);
        } catch (IllegalArgumentException e) {
            throw FailureKind.USAGE.failure(kind.name() + " '" + plugin.id() + "': " + e.getMessage(), e);
        }
    }

    private Failure unknown(PluginKind<?> kind, String id) {
        String known = all(kind).stream().map(Plugin::id).sorted().collect(Collectors.joining(", "));
        List<PluginEntry.Broken> broken =
                entries(PluginEntry.Broken.class, kind.name(), "jar").toList();
        return FailureKind.PLUGIN.failure(
                "no " + kind.name() + " is called '" + id + "'; there are: " + known
                        + broken.stream()
                                .map(entry -> "; broken: " + entry.name() + " in " + entry.origin() + " ("
                                        + entry.reason() + ")")
                                .collect(Collectors.joining()),
                broken.isEmpty()
                        ? null
                        : CalledPlugin.printable(broken.getFirst().cause()));
    }

    private static List<Path> jarsIn(Path directory) {
        if (!Files.isDirectory(directory)) {
            throw FailureKind.NOT_FOUND.failure("the plugin directory " + directory + " does not exist or is a file");
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(".jar"))
                    .sorted(Comparator.naturalOrder())
                    .toList();
        } catch (IOException e) {
            throw FailureKind.NOT_FOUND.failure("cannot list the plugin directory " + directory, e);
        }
    }

    private static void loadJar(Path jar, ClassLoader parent, List<PluginEntry> entries) {
        URL url;
        try {
            requireSpiVersion(jar);
            url = jar.toUri().toURL();
        } catch (IOException | RuntimeException e) { // the latter from signed jars, too
            entries.add(new PluginEntry.Broken(
                    "jar", jar.toString(), jar.getFileName().toString(), e));
            return;
        }
        // Open for the life of the process: the plugin's classes load from it on demand.
        URLClassLoader loader = new URLClassLoader(jar.getFileName().toString(), new URL[] {url}, parent);
        for (PluginKind<?> kind : PluginKind.ALL) {
            discover(kind, loader, entries);
        }
    }

    private static void requireSpiVersion(Path jar) throws IOException {
        try (JarFile file = new JarFile(jar.toFile())) {
            Manifest manifest = file.getManifest();
            String version =
                    manifest == null ? null : manifest.getMainAttributes().getValue(Plugin.SPI_VERSION_ATTRIBUTE);
            if (!String.valueOf(Plugin.SPI_VERSION).equals(version)) {
                throw new IllegalStateException("its manifest says " + Plugin.SPI_VERSION_ATTRIBUTE + ": "
                        + (version == null ? "nothing" : version) + ", but this FastForward has version "
                        + Plugin.SPI_VERSION + "; build it against that one");
            }
        }
    }

    private static <T extends Plugin> void discover(PluginKind<T> kind, ClassLoader loader, List<PluginEntry> entries) {
        String loaderName = loader instanceof URLClassLoader external
                ? originOf(external.getURLs()[0])
                : "the application's class path";
        Iterator<ServiceLoader.Provider<T>> found =
                ServiceLoader.load(kind.service(), loader).stream().iterator();
        for (int errors = 0; errors < MOST_ERRORS; ) {
            ServiceLoader.Provider<T> provider;
            try {
                if (!found.hasNext()) {
                    return;
                }
                provider = found.next();
            } catch (RuntimeException | Error e) {
                entries.add(new PluginEntry.Broken(kind.name(), loaderName, "a declared provider", e));
                errors++;
                continue;
            }
            entries.add(instantiate(kind, provider, loader instanceof URLClassLoader));
        }
    }

    private static <T extends Plugin> PluginEntry instantiate(
            PluginKind<T> kind, ServiceLoader.Provider<T> provider, boolean external) {
        String origin = originOf(provider.type());
        try {
            T plugin = provider.get();
            CalledPlugin read = CheckedPlugin.read(kind.name(), origin, external, plugin);
            return new PluginEntry.Working(kind.name(), origin, kind.check().apply(read, plugin));
        } catch (Throwable e) { // its constructor and what it says about itself are its own code
            return new PluginEntry.Broken(kind.name(), origin, provider.type().getName(), e);
        } finally {
            CalledPlugin.clearInterrupt();
        }
    }

    private static String originOf(Class<?> type) {
        CodeSource source = type.getProtectionDomain().getCodeSource();
        return source == null || source.getLocation() == null ? "unknown" : originOf(source.getLocation());
    }

    private static String originOf(URL url) {
        try {
            return Path.of(url.toURI()).toString();
        } catch (URISyntaxException | IllegalArgumentException e) {
            return url.toString();
        }
    }
}
