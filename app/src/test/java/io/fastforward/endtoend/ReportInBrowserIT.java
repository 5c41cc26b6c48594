package io.fastforward.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A report as a browser shows it; needs Chromium on the path. */
class ReportInBrowserIT {

    private static final Pattern PLACE = Pattern.compile("<div class=\"chart\"");
    private static final Pattern DRAWN = Pattern.compile("<canvas width=\"[1-9]\\d+\" height=\"[1-9]\\d+\"");

    @TempDir
    private Path directory;

    @Test
    void everyChartIsDrawnAndNothingIsComplainedOf() throws Exception {
        Optional<Path> chromium = chromium();
        assumeTrue(chromium.isPresent(), "no chromium on the path: the report was not looked at in a browser");
        Launcher.in(directory).run(SmallPrune.into(directory.resolve("out"))).succeeds();
        Path report = directory.resolve("out-run/report.html");
        for (List<String> more : List.of(List.<String>of(), List.of("--blink-settings=preferredColorScheme=0"))) {
            Path dom = directory.resolve("dom");
            Path log = directory.resolve("log");
            List<String> command = new ArrayList<>(List.of(
                    chromium.get().toString(),
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--user-data-dir=" + directory.resolve("profile"),
                    "--enable-logging=stderr",
                    "--virtual-time-budget=5000"));
            command.addAll(more);
            command.addAll(List.of("--dump-dom", report.toUri().toString()));
            Process browser = new ProcessBuilder(command)
                    .redirectOutput(dom.toFile())
                    .redirectError(log.toFile())
                    .start();
            assertThat(browser.waitFor(2, TimeUnit.MINUTES)).isTrue();
            String page = Files.readString(dom);
            long places = PLACE.matcher(page).results().count();
            assertThat(places).isGreaterThan(4);
            assertThat(DRAWN.matcher(page).results().count()).as(page).isEqualTo(places);
            assertThat(Files.readString(log, StandardCharsets.ISO_8859_1)).doesNotContain("CONSOLE");
        }
    }

    private static Optional<Path> chromium() {
        return Stream.of(System.getenv("PATH").split(":"))
                .flatMap(folder -> Stream.of(Path.of(folder, "chromium"), Path.of(folder, "chromium-browser")))
                .filter(Files::isExecutable)
                .findFirst();
    }
}
