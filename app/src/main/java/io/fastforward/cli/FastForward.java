package io.fastforward.cli;

import io.fastforward.checkpoint.ShutdownHook;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.failure.PlainText;
import io.fastforward.run.Versions;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
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
        subcommands = {
            PlanCommand.class,
            PruneCommand.class,
            BatchCommand.class,
            AblateCommand.class,
            SparsifyCommand.class,
            EvaluateCommand.class,
            BenchCommand.class,
            GenerateCommand.class,
            ExportCommand.class,
            InspectCommand.class,
            ReportCommand.class,
            RecipesCommand.class,
            PluginsCommand.class,
            DevicesCommand.class,
            DoctorCommand.class,
            WorkerCommand.class,
            CompletionCommand.class
        },
        footer = {
            "",
            "Exit codes: 0 success, 2 bad command line, 3 not found, 4 damaged checkpoint, 5 unsupported model,",
            "6 NaN or infinity, 7 unreachable sparsity, 8 bad text, 9 output not empty, 10 plugin, 11 storage,",
            "12 device, 13 bad record or policy, 14 written model differs, 15 some of several runs failed,",
            "70 defect, 130 interrupted."
        })
public final class FastForward implements Runnable {

    /** As shells have it for Ctrl-C. */
    private static final int INTERRUPTED = 130;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    /** Runs a command and ends the process with its exit code. */
    public static void main(String[] arguments) {
        // Else the JVM itself prints what a thread of a plugin or library ended with, whatever is in the message.
        Thread.setDefaultUncaughtExceptionHandler(
                (thread, failure) -> failure.printStackTrace(PlainWriter.to(System.err)));
        OverdueEnd end = OverdueEnd.watch(INTERRUPTED);
        int exitCode;
        try (ShutdownHook ignored = ExitWatch.begin()) {
            exitCode = run(arguments);
        }
        end.expect(exitCode);
        System.exit(exitCode);
    }

    /** Runs a command; returns the exit code. */
    static int run(String... arguments) {
        PrintWriter err = PlainWriter.to(System.err);
        CommandLine command = new CommandLine(new FastForward())
                .setCommandName(ShellCommand.name())
                .setColorScheme(Help.defaultColorScheme(Help.Ansi.OFF)) // escape sequences, which do not get through
                .setOut(PlainWriter.to(System.out))
                .setErr(err)
                .registerConverter(int.class, text -> number(text, "a whole number", Integer::valueOf))
                .registerConverter(Integer.class, text -> number(text, "a whole number", Integer::valueOf))
                .registerConverter(Long.class, text -> number(text, "a whole number", Long::valueOf))
                .registerConverter(long.class, text -> number(text, "a whole number", Long::valueOf))
                .registerConverter(double.class, text -> number(text, "a number", Double::valueOf))
                .registerConverter(Double.class, text -> number(text, "a number", Double::valueOf))
                .setParameterExceptionHandler(FastForward::explainUsage)
                .setExecutionExceptionHandler((e, failed, parsed) -> explain(e, arguments, err));
        command.getCommandSpec().version("FastForward " + Versions.fastForward() + " on Java " + Runtime.version());
        command.setResourceBundle(new SettingDefaults());
        command.getSubcommands().values().forEach(one -> OptionNames.acceptOld(one.getCommandSpec()));
        command.getSubcommands().values().stream()
                .flatMap(one -> one.getCommandSpec().options().stream())
                .map(OptionSpec::type)
                .filter(Class::isEnum)
                .forEach(type -> registerChoices(command, type));
        GroupedHelp.of(command);
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

    /** An option takes one of the words of its type, in letters of any size. */
    private static <T> void registerChoices(CommandLine command, Class<T> type) {
        List<T> choices = List.of(type.getEnumConstants());
        command.registerConverter(
                type,
                text -> choices.stream()
                        .filter(choice -> choice.toString().equalsIgnoreCase(text))
                        .findFirst()
                        .orElseThrow(() -> new TypeConversionException("'" + text + "' is not one of: "
                                + choices.stream().map(Object::toString).collect(Collectors.joining(", ")))));
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "name a command: " + commands(spec.commandLine()));
    }

    private static String commands(CommandLine command) {
        return String.join(", ", command.getSubcommands().keySet());
    }

    private static int explainUsage(ParameterException e, String[] arguments) {
        CommandLine command = e.getCommandLine();
        Optional<String> notACommand = command.getParent() == null && e instanceof UnmatchedArgumentException unmatched
                ? unmatched.getUnmatched().stream()
                        .filter(word -> !word.startsWith("-"))
                        .findFirst()
                : Optional.empty();
        String message = notACommand
                .map(word -> "there is no command '" + OneLine.of(word) + "'; there are: " + commands(command))
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
}
