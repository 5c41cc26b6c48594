package io.fastforward.cli;

import io.fastforward.failure.FailureKind;
import io.fastforward.run.Checkup;
import io.fastforward.run.Checkup.Finding;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Says what this machine offers, what is missing, and what to do about it. */
@Command(
        name = "doctor",
        description =
                "Looks at Java, memory, devices, native libraries, disk and plugins: a line each, and what to do.",
        mixinStandardHelpOptions = true)
final class DoctorCommand implements Runnable {

    @Mixin
    private CommonOptions common;

    @SuppressWarnings("NullAway.Init") // picocli fills in the fields
    DoctorCommand() {}

    /**
     * One thing that was looked at.
     *
     * @param state "ok", "note" if runs could be faster, or "problem" if they fail
     * @param subject what it is
     * @param found how it is
     * @param advice what to do; empty if nothing
     */
    record Line(String state, String subject, String found, String advice) {

        static Line of(Finding finding) {
            return new Line(
                    finding.problem() != null ? "problem" : finding.advice().isEmpty() ? "ok" : "note",
                    finding.subject(),
                    finding.found(),
                    finding.advice());
        }

        String text() {
            return String.format(
                    Locale.ROOT, "%-8s %-15s %s%s", state, subject, found, advice.isEmpty() ? "" : "; " + advice);
        }
    }

    @Override
    public void run() {
        List<Finding> findings = Checkup.of(common.loadPlugins(), Path.of(""));
        List<Line> lines = findings.stream().map(Line::of).toList();
        common.print(lines, out -> lines.forEach(line -> out.println(OptionNames.in(line.text()))));
        List<@Nullable FailureKind> problems =
                findings.stream().map(Finding::problem).filter(Objects::nonNull).toList();
        if (!problems.isEmpty()) {
            throw Objects.requireNonNull(problems.getFirst())
                    .failure(problems.size() + " of " + findings.size() + " checks found a problem, as listed");
        }
    }
}
