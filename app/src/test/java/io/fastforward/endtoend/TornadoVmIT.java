package io.fastforward.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fastforward.testing.DemoModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/**
 * The demo model on whatever device the TornadoVM SDK in {@code TORNADOVM_HOME} finds first: the figures that do not
 * depend on a search are those of the CPU.
 */
@EnabledIfEnvironmentVariable(named = "TORNADOVM_HOME", matches = ".+")
class TornadoVmIT {

    private static final double TOLERANCE = 1e-3;

    @TempDir
    private Path directory;

    @Test
    void evaluationGivesThePerplexityOfTheCpu() throws IOException {
        double cpu = evaluate("cpu");
        assertThat(evaluate(device())).isEqualTo(cpu, within(TOLERANCE * cpu));
    }

    @Test
    void pruningGivesTheOrderAndTheFiguresOfTheCpu() throws IOException {
        JsonNode cpu = prune("cpu", directory.resolve("on-cpu"));
        JsonNode gpu = prune(device(), directory.resolve("on-gpu"));
        assertThat(perplexities(gpu)).hasSameSizeAs(perplexities(cpu));
        for (int i = 0; i < perplexities(cpu).size(); i++) {
            double expected = perplexities(cpu).get(i);
            assertThat(perplexities(gpu).get(i))
                    .as(cpu.get("variants").get(i).get("name").textValue())
                    .isEqualTo(expected, within(TOLERANCE * expected));
        }
        assertSameOrder(order(gpu), order(cpu));
    }

    /** The first device of the SDK. */
    private String device() throws IOException {
        JsonNode report = new ObjectMapper()
                .readTree(Launcher.withSdk(directory)
                        .run("devices", "--json")
                        .succeeds()
                        .text());
        return report.get("devices").findValuesAsText("id").stream()
                .filter(id -> id.contains(":"))
                .findFirst()
                .orElseThrow(() -> new AssertionError("the SDK finds no device: " + report.get("missing")));
    }

    private double evaluate(String device) throws IOException {
        Launcher.Finished run = Launcher.withSdk(directory)
                .run(
                        "evaluate",
                        DemoModel.directory().toString(),
                        "--text",
                        DemoModel.directory().resolve("validation.txt").toString(),
                        "--window",
                        "96",
                        "--windows",
                        "3",
                        "--device",
                        device,
                        "--json")
                .succeeds();
        return new ObjectMapper()
                .readTree(run.text())
                .at("/perplexity/perplexity")
                .doubleValue();
    }

    private JsonNode prune(String device, Path output) throws IOException {
        Launcher.Finished run = Launcher.withSdk(directory)
                .run(
                        "prune",
                        DemoModel.directory().toString(),
                        "--output",
                        output.toString(),
                        "--sparsity",
                        "0.3",
                        "--calibration",
                        DemoModel.directory().resolve("calibration.txt").toString(),
                        "--text-unit",
                        "line",
                        "--window",
                        "64",
                        "--scoring-windows",
                        "4",
                        "--repair-windows",
                        "24",
                        "--reward-windows",
                        "2",
                        "--evaluation-windows",
                        "2",
                        "--agent",
                        "uniform",
                        "--device",
                        device,
                        "--json");
        return new ObjectMapper().readTree(run.succeeds().text());
    }

    private static List<Double> perplexities(JsonNode result) {
        List<Double> found = new ArrayList<>();
        result.get("variants")
                .forEach(variant ->
                        found.add(variant.get("perplexity").get("perplexity").doubleValue()));
        return found;
    }

    private static JsonNode order(JsonNode result) throws IOException {
        Path run = Path.of(result.get("runDirectory").textValue());
        return new ObjectMapper().readTree(run.resolve("nested-order.json").toFile());
    }

    /** Units whose scores differ by rounding alone may change places with their neighbour. */
    private static void assertSameOrder(JsonNode actual, JsonNode expected) {
        JsonNode modules = expected.get("modules");
        assertThat(actual.get("modules")).hasSameSizeAs(modules);
        for (int module = 0; module < modules.size(); module++) {
            List<Integer> order = units(modules.get(module));
            List<Integer> other = units(actual.get("modules").get(module));
            for (int rank = 0; rank < order.size(); rank++) {
                assertThat(other.indexOf(order.get(rank)))
                        .as("rank of unit %d of module %d", order.get(rank), module)
                        .isBetween(rank - 1, rank + 1);
            }
        }
    }

    private static List<Integer> units(JsonNode order) {
        List<Integer> units = new ArrayList<>();
        order.forEach(unit -> units.add(unit.intValue()));
        return units;
    }
}
