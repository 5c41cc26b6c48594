package io.fastforward.spi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.AccessFlag;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Everything in the contract that others compile against, as it stands in {@code signatures.txt}. A change of it is seen in
 * review; one that breaks plugins raises {@link Plugin#SPI_VERSION}.
 */
class SignaturesTest {

    private static final Path EXPECTED = Path.of("src", "test", "resources", "signatures.txt");

    /** What the compiler adds to every record or enum. */
    private static final Set<String> GENERATED = Set.of("equals", "hashCode", "toString", "values", "valueOf");

    @Test
    void areAsTheyWere() throws IOException, URISyntaxException, ClassNotFoundException {
        List<String> actual = new ArrayList<>();
        for (String name : classNames()) {
            Class<?> type = Class.forName(name, false, Plugin.class.getClassLoader());
            if (isVisible(type)) {
                actual.addAll(describe(type));
            }
        }
        if (Boolean.getBoolean("signatures.renew")) {
            Files.write(EXPECTED, actual);
        }
        assertThat(actual)
                .as(
                        "the contract has changed; if that is meant, say scripts/test -pl spi -Dtest=SignaturesTest"
                                + " -Dsignatures.renew=true, and look at the difference in %s",
                        EXPECTED)
                .hasSizeGreaterThan(100)
                .isEqualTo(Files.readAllLines(EXPECTED));
    }

    private static Set<String> classNames() throws IOException, URISyntaxException {
        Path root = Path.of(
                Plugin.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        try (Stream<Path> files = Files.walk(root)) {
            return files.map(file -> root.relativize(file).toString())
                    .filter(file -> file.endsWith(".class") && !file.endsWith("-info.class"))
                    .map(file -> file.replaceAll("[/\\\\]", ".").replaceFirst("\\.class$", ""))
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    private static boolean isVisible(Class<?> type) {
        return Modifier.isPublic(type.getModifiers())
                && (type.getDeclaringClass() == null || isVisible(type.getDeclaringClass()));
    }

    private static List<String> describe(Class<?> type) {
        TreeSet<String> members = new TreeSet<>();
        for (Field field : type.getDeclaredFields()) {
            if (isVisible(field.getModifiers())) {
                members.add(modifiers(field.getModifiers()) + plain(field.getAnnotatedType()) + " " + field.getName());
            }
        }
        for (Constructor<?> constructor : type.getDeclaredConstructors()) {
            if (isVisible(constructor.getModifiers())) {
                members.add("new" + parameters(constructor));
            }
        }
        for (Method method : type.getDeclaredMethods()) {
            if (isVisible(method.getModifiers()) && !method.isSynthetic() && !isGenerated(type, method)) {
                members.add(modifiers(method.getModifiers())
                        + plain(method.getAnnotatedReturnType())
                        + " "
                        + method.getName()
                        + parameters(method));
            }
        }
        List<String> lines = new ArrayList<>();
        lines.add(header(type));
        members.forEach(member -> lines.add("    " + member));
        return lines;
    }

    private static String header(Class<?> type) {
        StringBuilder header = new StringBuilder(plain(type.toGenericString()));
        if (type.isRecord()) {
            header.append(Arrays.stream(type.getRecordComponents())
                    .map(RecordComponent::getName)
                    .collect(Collectors.joining(", ", "(", ")")));
        }
        String parents = Stream.concat(
                        Stream.ofNullable(type.getAnnotatedSuperclass()), Arrays.stream(type.getAnnotatedInterfaces()))
                .map(SignaturesTest::plain)
                .filter(parent -> !Set.of("Object", "Record").contains(parent))
                .collect(Collectors.joining(", "));
        return parents.isEmpty() ? header.toString() : header + " : " + parents;
    }

    private static boolean isVisible(int modifiers) {
        return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
    }

    private static boolean isGenerated(Class<?> type, Method method) {
        return (type.isRecord() || type.isEnum()) && GENERATED.contains(method.getName());
    }

    private static String modifiers(int modifiers) {
        String kept = Modifier.toString(modifiers & (Modifier.STATIC | Modifier.ABSTRACT | Modifier.PROTECTED));
        return kept.isEmpty() ? "" : kept + " ";
    }

    private static String parameters(Executable executable) {
        String variable = executable.accessFlags().contains(AccessFlag.VARARGS) ? "..." : "";
        return Arrays.stream(executable.getAnnotatedParameterTypes())
                .map(SignaturesTest::plain)
                .collect(Collectors.joining(", ", "(", variable + ")"));
    }

    private static String plain(AnnotatedType type) {
        return plain(type.toString());
    }

    private static String plain(String type) {
        return type.replaceAll("@org\\.jspecify\\.annotations\\.(\\w+)\\(\\)", "@$1")
                .replaceAll("java\\.lang\\.(?=@?[A-Z])", "")
                .replace("io.fastforward.spi.", "");
    }
}
