package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.introspect.BeanPropertyDefinition;
import io.fastforward.batch.RunRow;
import io.fastforward.json.StrictJson;
import io.fastforward.record.PlanResult;
import io.fastforward.record.PruneResult;
import io.fastforward.record.SparsifyResult;
import io.fastforward.run.BenchmarkRun;
import io.fastforward.run.EvaluateRun;
import io.fastforward.run.ExportRun;
import io.fastforward.run.GenerateRun;
import io.fastforward.worker.WorkerLines;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/**
 * {@code docs/json.md} says what {@code --json} prints: the properties that are written, by Jackson's own account, with what
 * the records' documentation says of them.
 */
class JsonDocumentTest {

    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Path DOCUMENT = ROOT.resolve("docs/json.md");
    private static final List<String> SOURCES = List.of("app/src/main/java", "spi/src/main/java");

    /** What a command prints: one of them, or a list. */
    private record Printed(String command, Class<?> type, boolean several) {}

    private static final List<Printed> COMMANDS = List.of(
            new Printed("ablate", RunRow.class, true),
            new Printed("batch", RunRow.class, true),
            new Printed("bench", BenchmarkRun.Speed.class, true),
            new Printed("devices", DevicesCommand.Report.class, false),
            new Printed("doctor", DoctorCommand.Line.class, true),
            new Printed("evaluate", EvaluateRun.Evaluation.class, false),
            new Printed("export", ExportRun.Written.class, false),
            new Printed("generate", GenerateRun.Continuation.class, true),
            new Printed("inspect MODEL_DIR", InspectCommand.Inspection.class, false),
            new Printed("inspect RUN_DIR", RunInspection.class, false),
            new Printed("plan", PlanResult.class, false),
            new Printed("plugins", PluginsCommand.Line.class, true),
            new Printed("prune --sparsity S", PruneResult.class, false),
            new Printed("prune --sparsity S,T,…", PruneResult.class, true),
            new Printed("recipes", RecipesCommand.Line.class, true),
            new Printed("report", ReportCommand.Written.class, false),
            new Printed("sparsify", SparsifyResult.class, false),
            new Printed("worker (a line for each batch)", WorkerLines.Results.class, false));

    private static final String BEGINNING = """
            # What programs get

            With `--json` a command prints one JSON value to standard output, and nothing else there; progress goes to standard error. If it
            fails, standard output stays empty (a batch of which some runs failed prints its table nevertheless), one line on standard error
            says why, and the exit code says of what kind that is (`fastforward --help` lists them).

            Numbers that are not finite are the strings "NaN", "Infinity" and "-Infinity". New fields may come with a new version, so
            programs should pass over what they do not know; what is here keeps its name and meaning within a version of the contract.
            This page is made of the code: `scripts/test -pl app -am -Dtest=JsonDocumentTest -Djson.renew=true
            -Dsurefire.failIfNoSpecifiedTests=false -DskipITs` makes it anew.

            | command | prints |
            |---|---|
            """;

    private final Map<Class<?>, String> names = new LinkedHashMap<>();
    private final Deque<Class<?>> waiting = new ArrayDeque<>();
    private final List<String> undocumented = new ArrayList<>();

    @Test
    void theDocumentSaysWhatIsPrinted() throws IOException {
        String made = document();
        if (Boolean.getBoolean("json.renew")) {
            Files.writeString(DOCUMENT, made);
        }
        assertThat(DOCUMENT)
                .as("what --json prints has changed: see the page for how to make it anew, and look at the difference")
                .content()
                .isEqualTo(made);
    }

    /** A command that can print JSON and is not listed would be missing. */
    @Test
    void everyCommandIsThere() {
        Set<String> printing = new CommandLine(new FastForward())
                .getSubcommands().entrySet().stream()
                        .filter(command ->
                                command.getValue().getCommandSpec().optionsMap().containsKey("--json"))
                        .map(Map.Entry::getKey)
                        .collect(Collectors.toSet());
        assertThat(COMMANDS)
                .extracting(printed -> printed.command().split(" ")[0])
                .containsAll(printing)
                .allMatch(printing::contains);
    }

    private String document() throws IOException {
        StringBuilder text = new StringBuilder(BEGINNING);
        for (Printed printed : COMMANDS) {
            String name = named(printed.type());
            text.append("| `%s` | %s |%n"
                    .formatted(printed.command(), printed.several() ? "a list of " + link(name) : link(name)));
        }
        while (!waiting.isEmpty()) {
            Class<?> type = waiting.remove();
            text.append("%n## %s%n%n| field | type | meaning |%n|---|---|---|%n".formatted(names.get(type)));
            Map<String, String> meanings = meanings(type);
            for (BeanPropertyDefinition property : properties(type)) {
                String meaning = meanings.get(property.getName());
                if (meaning == null) {
                    undocumented.add(type.getSimpleName() + "." + property.getName());
                }
                text.append("| `%s` | %s%s | %s |%n"
                        .formatted(
                                property.getName(),
                                described(property.getPrimaryType()),
                                mayBeNull(type, property.getName()) ? " or null" : "",
                                meaning));
            }
        }
        assertThat(undocumented).as("components without a @param").isEmpty();
        return text.toString();
    }

    /** The name of a record in the document: with that of the class around it where it means little alone. */
    private String named(Class<?> type) {
        return names.computeIfAbsent(type, added -> {
            waiting.add(added);
            Class<?> outer = added.getEnclosingClass();
            return outer == null
                    ? added.getSimpleName()
                    : outer.getSimpleName().replaceAll("(Command|Run|Result)$", "") + added.getSimpleName();
        });
    }

    private static String link(String name) {
        return "[%s](#%s)".formatted(name, name.toLowerCase(java.util.Locale.ROOT));
    }

    private static List<BeanPropertyDefinition> properties(Class<?> type) {
        return StrictJson.MAPPER
                .getSerializationConfig()
                .introspect(StrictJson.MAPPER.constructType(type))
                .findProperties();
    }

    private String described(JavaType type) {
        Class<?> raw = type.getRawClass();
        if (type.isMapLikeType()) {
            return "object of " + described(type.getContentType());
        }
        if (type.isCollectionLikeType() || type.isArrayType()) {
            return "list of " + described(type.getContentType());
        }
        if (type.isEnumType()) {
            return Arrays.stream(raw.getEnumConstants())
                    .map(constant -> StrictJson.line(constant))
                    .collect(Collectors.joining(", "));
        }
        if (JsonNode.class.isAssignableFrom(raw)) {
            return "object";
        }
        if (raw == String.class) {
            return "text";
        }
        if (raw == boolean.class || raw == Boolean.class) {
            return "true or false";
        }
        if (Set.of(int.class, long.class, Integer.class, Long.class).contains(raw)) {
            return "whole number";
        }
        if (raw == double.class || raw == Double.class) {
            return "number";
        }
        assertThat(raw.isRecord()).as(type.toCanonical() + " is described").isTrue();
        return link(named(raw));
    }

    private static boolean mayBeNull(Class<?> type, String component) {
        return Arrays.stream(type.getRecordComponents())
                .filter(one -> one.getName().equals(component))
                .map(RecordComponent::getAnnotatedType)
                .anyMatch(annotated -> annotated.isAnnotationPresent(Nullable.class));
    }

    /** What the source of a record says of its components. */
    private static Map<String, String> meanings(Class<?> type) throws IOException {
        Class<?> top = type;
        while (top.getEnclosingClass() != null) {
            top = top.getEnclosingClass();
        }
        String file = top.getName().replace('.', '/') + ".java";
        Path source = SOURCES.stream()
                .map(root -> ROOT.resolve(root).resolve(file))
                .filter(Files::exists)
                .findFirst()
                .orElseThrow(() -> new AssertionError("no source of " + type));
        Matcher comment = Pattern.compile(
                        "/\\*\\*((?:(?!\\*/).)*)\\*/\\s*(?:@[^\\n]*\\s*)*(?:public )?record " + type.getSimpleName()
                                + "\\b",
                        Pattern.DOTALL)
                .matcher(Files.readString(source));
        assertThat(comment.find()).as(type + " has a comment").isTrue();
        String text = comment.group(1).replaceAll("\\n\\s*\\*", "\n");
        Map<String, String> meanings = new LinkedHashMap<>();
        for (String part : text.split("@param ")) {
            String[] words = part.strip().split("\\s+", 2);
            if (words.length == 2) {
                meanings.put(words[0], plain(words[1]));
            }
        }
        return meanings;
    }

    /** Markdown of a comment. */
    private static String plain(String comment) {
        return comment.strip()
                .replaceAll("\\s+", " ")
                .replaceAll("\\{@(?:code|value) ([^}]*)}", "`$1`")
                .replaceAll("\\{@link(?:plain)? #?[\\w.#]+ ([^}]*)}", "$1")
                .replaceAll("\\{@link(?:plain)? #?([^}]*)}", "`$1`")
                .replace("|", "\\|");
    }
}
