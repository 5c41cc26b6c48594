package io.fastforward.page;

import io.fastforward.nested.UnitRanking;
import io.fastforward.page.Chart.Kind;
import io.fastforward.page.Chart.Series;
import io.fastforward.prune.ModuleRepair;
import io.fastforward.report.UnitNames;
import io.fastforward.search.TrialRecord;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.Policy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.IntToDoubleFunction;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/** The charts of a run. */
final class RunCharts {

    private static final String LAYER = "layer";
    private static final String ATTENTION = "attention";
    private static final String MLP = "MLP";

    /** Most points of a curve: a module may have tens of thousands of units. */
    private static final int POINTS = 64;

    private RunCharts() {}

    /** How much of each module a policy retains. */
    static Chart retention(UnitRanking ranking, AttentionUnit unit, Policy policy) {
        IntToDoubleFunction share = module -> {
            int units = ranking.unitScores().get(module).size();
            return units == 0 ? 0 : 100.0 * policy.retained().get(module) / units;
        };
        return byLayer(
                "What each layer keeps",
                "Of attention the share of its " + UnitNames.plural(unit) + ", of the MLP that of its channels.",
                "% kept",
                policy.layers(),
                share);
    }

    /** What modules lack with fewer units: those of attention, and those of MLPs. */
    static List<Chart> errors(UnitRanking ranking, AttentionUnit unit) {
        return ranking.errors().isEmpty()
                ? List.of()
                : List.of(
                        errors(ranking, 0, "What attention lacks with fewer " + UnitNames.plural(unit)),
                        errors(ranking, 1, "What MLPs lack with fewer channels"));
    }

    private static Chart errors(UnitRanking ranking, int first, String title) {
        List<List<Double>> curves = IntStream.range(0, ranking.errors().size() / 2)
                .mapToObj(layer -> ranking.errors().get(2 * layer + first))
                .toList();
        int points = Math.min(
                POINTS,
                curves.stream().mapToInt(curve -> curve.size() - 1).max().orElse(0));
        List<Double> shares = IntStream.rangeClosed(0, points)
                .mapToObj(point -> points == 0 ? 0.0 : 100.0 * point / points)
                .toList();
        List<Series> series = new ArrayList<>();
        for (int layer = 0; layer < curves.size(); layer++) {
            List<Double> curve = curves.get(layer);
            List<Double> values = new ArrayList<>();
            for (double share : shares) {
                double error = curve.get((int) Math.round(share / 100 * (curve.size() - 1)));
                values.add(error > 0 ? error : Double.NaN); // of which there is no logarithm
            }
            series.add(Series.of(LAYER + " " + layer, values));
        }
        return new Chart(
                title,
                "The error of the output after the best repair, relative to the residual stream: what a layer can"
                        + " spare has a curve that is low where few units are kept. The last point, with all of them,"
                        + " is 0 and not shown.",
                Kind.LINES,
                "% kept",
                "relative error",
                true,
                shares,
                series);
    }

    /** What became of the model when one module was tried alone. */
    static Optional<Chart> probes(UnitRanking ranking) {
        List<Double> divergences = ranking.divergences();
        return divergences.isEmpty()
                ? Optional.empty()
                : Optional.of(byLayer(
                        "What the model loses with half of one module",
                        "How far its predictions are from the dense model's, if this module alone keeps half of its"
                                + " units and is repaired.",
                        "divergence, nats",
                        divergences.size() / 2,
                        module -> Math.max(0, divergences.get(module))));
    }

    /** What calibration leaves of the error of each module. */
    static Optional<Chart> repairs(List<ModuleRepair> repairs) {
        int layers = repairs.stream().mapToInt(ModuleRepair::layer).max().orElse(-1) + 1;
        double[] errors = new double[2 * layers];
        Arrays.fill(errors, Double.NaN);
        repairs.forEach(repair ->
                errors[2 * repair.layer() + (repair.module().equals("attention") ? 0 : 1)] = repair.relativeError());
        return layers == 0
                ? Optional.empty()
                : Optional.of(byLayer(
                        "What calibration leaves of the error",
                        "The error of each repaired output on the calibration text, relative to the output.",
                        "relative error",
                        layers,
                        module -> errors[module]));
    }

    /** How the search went: what was proposed, and what was asked of it. */
    static List<Chart> search(List<TrialRecord> trials) {
        List<Double> x = trials.stream().map(trial -> (double) trial.trial()).toList();
        boolean episodes = trials.stream().anyMatch(trial -> trial.stage() == TrialRecord.Stage.EPISODE);
        Chart rewards = new Chart(
                "The search, trial by trial",
                "The reward of each candidate; 1 is the dense model's. In the finals those that are left are compared"
                        + " on more and more windows.",
                Kind.POINTS,
                "trial",
                "reward",
                false,
                x,
                List.of(
                        rewards("episodes", trials, TrialRecord.Stage.EPISODE),
                        rewards("finals", trials, TrialRecord.Stage.FINALS)));
        if (!episodes) {
            return List.of(rewards);
        }
        return List.of(
                rewards,
                line(
                        "The schedule: sparsity",
                        "How much was to be removed at each trial.",
                        "%",
                        trials,
                        trial -> 100 * trial.targetSparsity()),
                line(
                        "The schedule: windows",
                        "On how many windows each candidate was evaluated.",
                        "windows",
                        trials,
                        TrialRecord::windows));
    }

    private static Series rewards(String label, List<TrialRecord> trials, TrialRecord.Stage stage) {
        return Series.of(
                label,
                trials.stream()
                        .map(trial -> trial.stage() == stage ? trial.reward() : Double.NaN)
                        .toList());
    }

    private static Chart line(
            String title, String about, String up, List<TrialRecord> trials, ToDoubleFunction<TrialRecord> value) {
        return new Chart(
                title,
                about,
                Kind.LINES,
                "trial",
                up,
                false,
                trials.stream().map(trial -> (double) trial.trial()).toList(),
                List.of(Series.of(
                        up,
                        trials.stream().map(trial -> value.applyAsDouble(trial)).toList())));
    }

    /**
     * Bars for attention and the MLP of every layer.
     *
     * @param value of a module, by its index in the model
     */
    static Chart byLayer(String title, String about, String up, int layers, IntToDoubleFunction value) {
        List<Double> x =
                IntStream.range(0, layers).mapToObj(layer -> (double) layer).toList();
        return new Chart(
                title,
                about,
                Kind.BARS,
                LAYER,
                up,
                false,
                x,
                List.of(Series.of(ATTENTION, modules(layers, 0, value)), Series.of(MLP, modules(layers, 1, value))));
    }

    private static List<Double> modules(int layers, int first, IntToDoubleFunction value) {
        return IntStream.range(0, layers)
                .mapToObj(layer -> value.applyAsDouble(2 * layer + first))
                .toList();
    }
}
