package io.fastforward.cli;

import io.fastforward.failure.PlainText;
import io.fastforward.report.Progress;
import io.fastforward.report.TimeSpan;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/** Shows progress on standard error: a bar with the time left on a terminal, plain lines in a log. */
final class Console implements Progress {

    /** How often a log gets a line about a stage that goes on. */
    private static final Duration LINE_INTERVAL = Duration.ofSeconds(10);

    private final PrintWriter stream = PlainWriter.to(System.err);
    private final boolean terminal = Terminal.isStandardError();
    private String stage = "";
    private long total;
    private long before;
    private long stageStart;

    /** When the first step began that was not done before. */
    private long workStart;

    private long lastLine;
    private @Nullable ProgressBar bar;

    /** Progress for people, or none if the output is for programs. */
    static Progress of(boolean json) {
        return json ? Progress.silent() : new Console();
    }

    @Override
    public void begin(String name, long steps) {
        begin(name, steps, 0);
    }

    @Override
    public void begin(String name, long steps, long done) {
        stage = PlainText.line(name);
        total = steps;
        before = done;
        stageStart = System.nanoTime();
        workStart = stageStart;
        lastLine = stageStart;
        if (terminal && steps > 0) {
            bar = new ProgressBarBuilder()
                    .setTaskName(stage)
                    .setInitialMax(steps)
                    .startsFrom(done, Duration.ZERO)
                    .setStyle(ProgressBarStyle.COLORFUL_UNICODE_BLOCK)
                    .setUpdateIntervalMillis(200)
                    .clearDisplayOnFinish()
                    .build();
        }
    }

    @Override
    public void advance(long done, String detail) {
        if (done <= before) {
            workStart = System.nanoTime();
            return;
        }
        ProgressBar shown = bar;
        if (shown != null) {
            shown.stepTo(done);
            shown.setExtraMessage(PlainText.line(detail));
            return;
        }
        long now = System.nanoTime();
        if (now - lastLine >= LINE_INTERVAL.toNanos() && done < total) {
            lastLine = now;
            String left = TimeSpan.of((now - workStart) / 1e9 * (total - done) / (done - before));
            stream.println(
                    PlainText.line(stage + ": " + done + "/" + total + " " + detail + ", about " + left + " left"));
        }
    }

    @Override
    public void end(String outcome) {
        closeBar();
        stream.println(PlainText.line(
                String.format(Locale.ROOT, "%s: %s (%.1f s)", stage, outcome, (System.nanoTime() - stageStart) / 1e9)));
    }

    @Override
    public void note(String line) {
        closeBar();
        stream.println(PlainText.line(OptionNames.in(line)));
    }

    private void closeBar() {
        ProgressBar shown = bar;
        if (shown != null) {
            shown.close();
            bar = null;
        }
    }
}
