package io.fastforward.cli;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.run.Versions;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ParameterException;

/** The command line. Results go to standard output, everything else to standard error. */
@Command(
        name = "fastforward",
        description = "Prunes large language models so that they are really smaller and faster.",
        mixinStandardHelpOptions = true,
        versionProvider = FastForward.Version.class,
        subcommands = {PruneCommand.class, EvaluateCommand.class, InspectCommand.class, PluginsCommand.class},
        footer = {
            "",
            "Exit codes: 0 success, 2 bad command line, 3 not found, 4 damaged checkpoint, 5 unsupported model,",
            "6 NaN or infinity, 7 unreachable sparsity, 8 bad text, 9 output not empty, 10 plugin, 11 storage,",
            "12 device, 13 bad record or policy, 14 written model differs, 70 defect, 130 interrupted."
        })
public final class FastForward implements Runnable {

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @SuppressWarnings("NullAway.Init") // picocli fills in the fields
    FastForward() {}

    /** Runs a command and ends the process with its exit code. */
    public static void main(String[] arguments) {
        System.exit(run(arguments));
    }

    /** Runs a command; returns the exit code. */
    static int run(String... arguments) {
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        return new CommandLine(new FastForward())
                .setOut(out)
                .setErr(err)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler(FastForward::explainUsage)
                .setExecutionExceptionHandler(FastForward::explain)
                .execute(arguments);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "name a command: prune, evaluate, inspect or plugins");
    }

    private static int explainUsage(ParameterException e, String[] arguments) {
        CommandLine command = e.getCommandLine();
        command.getErr().println("fastforward: " + e.getMessage());
        command.getErr().println("See: " + command.getCommandSpec().qualifiedName() + " --help");
        return FailureKind.USAGE.exitCode();
    }

    private static int explain(Exception e, CommandLine command, CommandLine.ParseResult parsed) {
        PrintWriter err = command.getErr();
        FailureKind kind = e instanceof Failure failure ? failure.kind() : FailureKind.INTERNAL;
        String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        err.println("fastforward: "
                + (kind == FailureKind.INTERNAL ? "this is a defect of FastForward, please report it: " : "")
                + message.replaceAll("\\s*\\R\\s*", " "));
        if (parsed.subcommand() != null && parsed.subcommand().hasMatchedOption("--verbose")) {
            e.printStackTrace(err);
        } else if (kind == FailureKind.INTERNAL) {
            err.println("Add --verbose for the stack trace.");
        }
        return kind.exitCode();
    }

    /** The version for {@code --version}. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"FastForward " + Versions.fastForward() + " on Java " + Runtime.version()};
        }
    }
}
