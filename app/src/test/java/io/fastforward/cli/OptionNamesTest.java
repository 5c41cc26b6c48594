package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.constantpool.StringEntry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Users see options, and only what talks to them knows these. */
class OptionNamesTest {

    private static final Set<String> OPTIONS = options();
    private static final Pattern OPTION = Pattern.compile("(?<![\\w-])--[a-z][a-z-]*");

    /** How else our commands end: well, or by a signal. */
    private static final List<Integer> NO_FAILURES = List.of(0, 130);

    @ParameterizedTest
    @EnumSource
    void everySettingIsAnOption(Setting setting) {
        assertThat(OPTIONS).contains(OptionNames.of(setting));
    }

    @Test
    void messagesShowOptionsForSettings() {
        assertThat(OptionNames.in("a smaller " + Setting.WINDOW_LENGTH + ", not " + Setting.SEED + ", in <text>"))
                .isEqualTo("a smaller --window, not --seed, in <text>");
    }

    /** Options of other programs, which some messages advise, are none of ours; what starts a process of ours gives it options. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "app",
                "spi",
                "plugins/agents",
                "plugins/backend-cpu",
                "plugins/calibrators",
                "plugins/sparsifiers",
                "plugins/format-gguf",
                "plugins/criteria",
                "tornado-kernels"
            })
    void noMessageBelowTheCommandLineSpeaksOfItsOptions(String module) throws IOException {
        List<String> found = new ArrayList<>();
        Path classes = Path.of("..", module, "target", "classes");
        Path own = classes.resolve("io/fastforward/cli");
        Path starter = classes.resolve("io/fastforward/worker/LaunchCommand.class");
        try (Stream<Path> files = Files.walk(classes)) {
            for (Path file : files.filter(file -> file.toString().endsWith(".class"))
                    .filter(file -> !file.startsWith(own) && !file.equals(starter))
                    .toList()) {
                mentions(file).forEach(option -> found.add(classes.relativize(file) + ": " + option));
            }
        }
        assertThat(found).isEmpty();
    }

    @Test
    void messagesOfTheCommandLineDo() throws IOException {
        assertThat(mentions(Path.of("target", "classes", "io", "fastforward", "cli", "PlaceOptions.class")))
                .contains("--policy");
    }

    /** The options that texts in a class speak of, also in those that are put together. */
    private static List<String> mentions(Path classFile) throws IOException {
        List<String> found = new ArrayList<>();
        for (PoolEntry entry : ClassFile.of().parse(classFile).constantPool()) {
            if (entry instanceof StringEntry text) {
                for (Matcher option = OPTION.matcher(text.stringValue()); option.find(); ) {
                    if (OPTIONS.contains(option.group())) {
                        found.add(option.group());
                    }
                }
            }
        }
        return found;
    }

    @ParameterizedTest
    @ValueSource(strings = {"prune", "evaluate", "generate", "export", "inspect", "plugins", "devices"})
    void theHelpShowsDefaults(String command) {
        String help = CommandRun.of(command, "--help").succeeds().text();
        assertThat(help).doesNotContain("${", "--skip-layers");
        if (command.equals("prune")) {
            assertThat(help.replaceAll("\\s+", " "))
                    .contains(
                            "Windows for scoring; default: 64.", "Of everything random; default: 1.", "--keep-layers");
        }
    }

    @Test
    void anOldNameIsAcceptedWithANote() {
        CommandRun run = CommandRun.of("prune", "nowhere", "--skip-layers", "x");
        assertThat(run.errors().getFirst())
                .isEqualTo("Note: --skip-layers is called --keep-layers now; the old name"
                        + " will not be accepted for long");
        SmallRun.into(Path.of("nowhere"))
                .with("--skip-layers", "x")
                .run()
                .isRefused(FailureKind.USAGE, "--keep-layers: 'x' is not a list of layers");
    }

    @Test
    void theHelpListsTheExitCodesThatThereAre() {
        String help = CommandRun.of("--help").succeeds().text();
        String list = help.substring(help.indexOf("Exit codes:"));
        List<Integer> codes = Pattern.compile("\\d+")
                .matcher(list)
                .results()
                .map(match -> Integer.valueOf(match.group()))
                .toList();
        assertThat(codes)
                .containsExactlyInAnyOrderElementsOf(Stream.concat(
                                NO_FAILURES.stream(),
                                Arrays.stream(FailureKind.values()).map(FailureKind::exitCode))
                        .toList());
    }

    private static Set<String> options() {
        return new CommandLine(new FastForward())
                .getSubcommands().values().stream()
                        .flatMap(command -> command.getCommandSpec().optionsMap().keySet().stream())
                        .filter(name -> name.startsWith("--"))
                        .collect(Collectors.toSet());
    }
}
