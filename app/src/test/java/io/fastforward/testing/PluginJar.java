package io.fastforward.testing;

import static java.util.Objects.requireNonNull;

import io.fastforward.spi.Plugin;
import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/** Makes a plugin's jar the way its author would: compiled against the contract alone. */
public final class PluginJar {

    private final Map<String, byte[]> entries = new TreeMap<>();
    private @Nullable String spiVersion = String.valueOf(Plugin.SPI_VERSION);

    /** Says that it was built for another version of the contract; null leaves that out. */
    public PluginJar spiVersion(@Nullable String version) {
        spiVersion = version;
        return this;
    }

    /** Declares providers of a service, one class name a line. */
    public PluginJar service(Class<?> service, String contents) {
        return entry("META-INF/services/" + service.getName(), contents.getBytes(StandardCharsets.UTF_8));
    }

    /** Adds a file. */
    public PluginJar entry(String name, byte[] contents) {
        entries.put(name, contents);
        return this;
    }

    /**
     * Compiles a class and adds it.
     *
     * @param against classes whose jars it may use, besides the contract
     */
    public PluginJar compiled(String className, String source, Class<?>... against) {
        JavaCompiler compiler = requireNonNull(ToolProvider.getSystemJavaCompiler(), "tests run on a JDK");
        JavaFileObject file =
                new SimpleJavaFileObject(URI.create("string:///" + className + ".java"), JavaFileObject.Kind.SOURCE) {
                    @Override
                    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                        return source;
                    }
                };
        StringWriter messages = new StringWriter();
        try {
            Path classes = Files.createTempDirectory("plugin-classes");
            boolean compiled = compiler.getTask(
                            messages,
                            null,
                            null,
                            List.of("-d", classes.toString(), "-cp", classPath(against), "-proc:none"),
                            null,
                            List.of(file))
                    .call();
            if (!compiled) {
                throw new AssertionError(messages);
            }
            try (Stream<Path> files = Files.list(classes)) {
                for (Path compiledClass : files.toList()) {
                    entry(String.valueOf(compiledClass.getFileName()), Files.readAllBytes(compiledClass));
                    Files.delete(compiledClass);
                }
            }
            Files.delete(classes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    /** Writes the jar. */
    public Path write(Path jar) {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        if (spiVersion != null) {
            manifest.getMainAttributes().putValue(Plugin.SPI_VERSION_ATTRIBUTE, spiVersion);
        }
        try (JarOutputStream output = new JarOutputStream(Files.newOutputStream(jar), manifest)) {
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                output.putNextEntry(new JarEntry(entry.getKey()));
                output.write(entry.getValue());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return jar;
    }

    private static String classPath(Class<?>... members) {
        return Stream.concat(Stream.of(Plugin.class), Stream.of(members))
                .map(PluginJar::location)
                .collect(Collectors.joining(File.pathSeparator));
    }

    private static String location(Class<?> member) {
        try {
            return Path.of(member.getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
