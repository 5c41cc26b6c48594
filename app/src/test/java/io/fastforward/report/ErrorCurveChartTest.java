package io.fastforward.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.report.ErrorCurveChart.Curve;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ErrorCurveChartTest {

    /** Of 23 units each has a column, and every three of them lower the error by a decade's half. */
    @Test
    void heightIsLogarithmicBetweenTheEndsThatAreSaid() {
        List<Double> errors = IntStream.rangeClosed(0, 23)
                .mapToObj(units -> units < 23 ? Math.pow(10, -Math.floorDiv(units, 3) / 2.0) : 0)
                .toList();
        List<String> lines = ErrorCurveChart.lines(List.of(curve(errors)), true);
        assertThat(lines).hasSize(3);
        assertThat(lines.getFirst()).endsWith("from 3.2e-04 to 1.0e+00");
        assertThat(lines.getLast())
                .startsWith("    3  MLP        23 channels")
                .contains("|███▇▇▇▆▆▆▅▅▅▄▄▄▃▃▃▂▂▂▁▁ |")
                .contains("  3.16e-02  ")
                .endsWith("  1.25e-01  7");
        assertThat(ErrorCurveChart.lines(List.of(curve(errors)), false).getLast())
                .contains("|@@@###***+++===---:::.. |")
                .matches("\\p{ASCII}*");
    }

    @Test
    void whatIsFarBelowTheLargestErrorIsDrawnAsNothing() {
        List<String> lines = ErrorCurveChart.lines(List.of(curve(List.of(1.0, 1e-3, 1e-9, 0.0))), true);
        assertThat(lines.getFirst()).endsWith("from 1.0e-06 to 1.0e+00");
        assertThat(lines.getLast()).contains("|████▅▅▅▅▅▅▅▅            |");
    }

    @Test
    void curvesWithoutErrorsOrUnitsAreDrawn() {
        Curve whole = curve(List.of(0.0, 0.0));
        Curve gone = new Curve(0, "attention", "KV groups", List.of(0.0), OptionalDouble.empty(), OptionalInt.empty());
        List<String> lines = ErrorCurveChart.lines(List.of(gone, whole), true);
        assertThat(lines.get(2)).isEqualTo("    0  attention  -");
        assertThat(lines.get(3)).contains("|" + " ".repeat(24) + "|");
    }

    private static Curve curve(List<Double> errors) {
        return new Curve(3, "MLP", "channels", errors, OptionalDouble.of(0.125), OptionalInt.of(7));
    }
}
