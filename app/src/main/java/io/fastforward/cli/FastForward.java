package io.fastforward.cli;

import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.failure.PlainText;
import io.fastforward.run.Versions;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command line. Results go to standard output, everything else to standard error. */
@Command(
        name = "fastforward",
        description = "Prunes large language models so that they are really smaller and faster.",
        mixinStandardHelpOptions = true,
        versionProvider = FastForward.Version.class,
        subcommands = {
            PruneCommand.class,
            EvaluateCommand.class,
            GenerateCommand.class,
            ExportCommand.class,
            InspectCommand.class,
            PluginsCommand.class,
            DevicesCommand.class
        },
        footer = {
            "",
            "Exit codes: 0 success, 2 bad command line, 3 not found, 4 damaged checkpoint, 5 unsupported model,",
            "6 NaN or infinity, 7 unreachable sparsity, 8 bad text, 9 output not empty, 10 plugin, 11 storage,",
            "12 device, 13 bad record or policy, 14 written model differs, 70 defect, 130 interrupted."
        })
public final class FastForward implements Runnable {

    private static final List<String> COMMANDS =
            List.of("prune", "evaluate", "generate", "export", "inspect", "plugins", "devices");

    /** As shells have it for Ctrl-C. */
    private static final int INTERRUPTED = 130;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @SuppressWarnings("NullAway.Init") // picocli fills in the fields
    FastForward() {}

    /** Runs a command and ends the process with its exit code. */
    public static void main(String[] arguments) {
        // Else the JVM itself prints what a thread of a plugin or library ended with, whatever is in the message.
        Thread.setDefaultUncaughtExceptionHandler(
                (thread, failure) -> failure.printStackTrace(PlainWriter.to(System.err)));
        OverdueEnd end = OverdueEnd.watch(INTERRUPTED);
        int exitCode;
        try (ExitWatch ignored = ExitWatch.begin()) {
            exitCode = run(arguments);
        }
        end.expect(exitCode);
        System.exit(exitCode);
    }

    /** Runs a command; returns the exit code. */
    static int run(String... arguments) {
        PrintWriter out = PlainWriter.to(System.out);
        PrintWriter err = PlainWriter.to(System.err);
        CommandLine command = new CommandLine(new FastForward())
                .setCommandName(ShellCommand.name())
                .setColorScheme(Help.defaultColorScheme(Help.Ansi.OFF)) // escape sequences, which do not get through
                .setOut(out)
                .setErr(err)
                .registerConverter(int.class, text -> number(text, "a whole number", Integer::valueOf))
                .registerConverter(Integer.class, text -> number(text, "a whole number", Integer::valueOf))
                .registerConverter(Long.class, text -> number(text, "a whole number", Long::valueOf))
                .registerConverter(long.class, text -> number(text, "a whole number", Long::valueOf))
                .registerConverter(double.class, text -> number(text, "a number", Double::valueOf))
                .registerConverter(Double.class, text -> number(text, "a number", Double::valueOf))
                .setParameterExceptionHandler(FastForward::explainUsage)
                .setExecutionExceptionHandler((e, failed, parsed) -> explain(e, arguments, err));
        command.setResourceBundle(new SettingDefaults());
        command.getSubcommands().values().forEach(one -> OptionNames.acceptOld(one.getCommandSpec()));
        choiceTypes(command).forEach(type -> registerChoices(command, type));
        command.setExecutionStrategy(FastForward::executeKnown);
        try {
            return command.execute(arguments);
        } catch (Error e) { // which the handler is not told of
            return explain(e, arguments, err);
        }
    }

    /** Executes what was parsed. Asking for help makes picocli pass over words that it does not know; we do not. */
    private static int executeKnown(ParseResult parsed) {
        for (ParseResult at = parsed; at != null; at = at.subcommand()) {
            if (!at.unmatched().isEmpty()) {
                throw new UnmatchedArgumentException(at.commandSpec().commandLine(), at.unmatched());
            }
        }
        if (parsed.hasSubcommand()) {
            OptionNames.note(
                    parsed.subcommand(), parsed.commandSpec().commandLine().getErr());
        }
        return new RunLast().execute(parsed);
    }

    /** The types of all options that take one of several words. */
    private static List<Class<?>> choiceTypes(CommandLine command) {
        List<Class<?>> types = new ArrayList<>();
        for (CommandLine subcommand : command.getSubcommands().values()) {
            for (OptionSpec option : subcommand.getCommandSpec().options()) {
                if (option.type().isEnum()) {
                    types.add(option.type());
                }
            }
        }
        return types;
    }

    private static <T> void registerChoices(CommandLine command, Class<T> type) {
        command.registerConverter(type, text -> choice(text, List.of(type.getEnumConstants())));
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "name a command: " + String.join(", ", COMMANDS));
    }

    private static int explainUsage(ParameterException e, String[] arguments) {
        CommandLine command = e.getCommandLine();
        Optional<String> notACommand = command.getParent() == null && e instanceof UnmatchedArgumentException unmatched
                ? unmatched.getUnmatched().stream()
                        .filter(word -> !word.startsWith("-"))
                        .findFirst()
                : Optional.empty();
        String message = notACommand
                .map(word ->
                        "there is no command '" + OneLine.of(word) + "'; there are: " + String.join(", ", COMMANDS))
                .orElseGet(e::getMessage);
        command.getErr()
                .println(PlainText.line("fastforward: " + message + "; see: "
                        + command.getCommandSpec().qualifiedName() + " --help"));
        return FailureKind.USAGE.exitCode();
    }

    private static int explain(Throwable failure, String[] arguments, PrintWriter err) {
        Explanation explanation = Explanation.of(failure);
        if (!isEnding()) { // else it is a consequence of that, and the user was told
            err.println("fastforward: " + explanation.line());
            if (List.of(arguments).contains("--verbose")) {
                failure.printStackTrace(err);
            }
        }
        return explanation.kind().exitCode();
    }

    /** Whether the process was told to end. */
    private static boolean isEnding() {
        Thread probe = new Thread(() -> {});
        try {
            Runtime.getRuntime().addShutdownHook(probe);
            Runtime.getRuntime().removeShutdownHook(probe);
            return false;
        } catch (IllegalStateException _) {
            return true;
        }
    }

    private static <T> T number(String text, String expected, Function<String, T> parser) {
        try {
            return parser.apply(text);
        } catch (NumberFormatException e) {
            throw new TypeConversionException("'" + text + "' is not " + expected);
        }
    }

    private static <T> T choice(String text, List<T> choices) {
        return choices.stream()
                .filter(choice -> choice.toString().equalsIgnoreCase(text))
                .findFirst()
                .orElseThrow(() -> new TypeConversionException("'" + text + "' is not one of: "
                        + choices.stream().map(Object::toString).collect(Collectors.joining(", "))));
    }

    /** The version for {@code --version}. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"FastForward " + Versions.fastForward() + " on Java " + Runtime.version()};
        }
    }
}
