package io.fastforward.prune;

import io.fastforward.search.Prior;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What was measured of the units of a layer.
 *
 * @param scores of each module's parts, attention first
 * @param errors of each module, as {@link io.fastforward.nested.UnitRanking} has them; empty if they are not wanted
 * @param repaired the output maps that repair modules, if those are wanted
 */
public record LayerScores(List<List<Double>> scores, List<List<Double>> errors, List<RepairedMap> repaired) {

    public LayerScores {
        scores = scores.stream().map(List::copyOf).toList();
        errors = errors.stream().map(List::copyOf).toList();
        repaired = List.copyOf(repaired);
    }

    /**
     * Checks that this can have been measured of a layer.
     *
     * @throws IllegalArgumentException if not
     */
    void requireFits(ModelSpec spec, int layer, boolean withErrors, boolean withRepaired) {
        List<Integer> modules = List.of(2 * layer, 2 * layer + 1);
        List<ModuleSpec> specs = modules.stream().map(spec.modules()::get).toList();
        require(scores, specs.stream().map(ModuleSpec::parts).toList(), "scores", layer);
        require(
                errors,
                withErrors ? specs.stream().map(module -> module.units() + 1).toList() : List.of(),
                "errors",
                layer);
        Map<Integer, Integer> units = new TreeMap<>();
        repaired.forEach(map -> units.put(map.module(), map.units()));
        Map<Integer, Integer> wanted = new TreeMap<>();
        modules.forEach(module ->
                wanted.put(module, Prior.probedUnits(spec.modules().get(module).units())));
        wanted.values().removeIf(probed -> probed == 0 || !withRepaired);
        if (!units.equals(wanted) || repaired.size() != wanted.size()) {
            throw new IllegalArgumentException("its output maps of layer " + layer + " are not those that are tried");
        }
    }

    private static void require(List<List<Double>> numbers, List<Integer> counts, String what, int layer) {
        if (!numbers.stream().map(List::size).toList().equals(counts)
                || !numbers.stream().flatMap(List::stream).allMatch(Double::isFinite)) {
            throw new IllegalArgumentException(
                    "its " + what + " of layer " + layer + " are not " + counts + " finite numbers");
        }
    }

    /**
     * An output map that was handed on.
     *
     * @param module its index in the model
     * @param units that it is for
     * @param sha256 of its numbers, where they are kept
     */
    public record RepairedMap(int module, int units, String sha256) {}
}
