package io.fastforward.run.stage;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.forward.Decoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.forward.RepairedLayers;
import io.fastforward.nested.NestedModel;
import io.fastforward.nested.Probe;
import io.fastforward.nested.UnitRanking;
import io.fastforward.record.ProbeRecord;
import io.fastforward.record.RepairedMapFiles;
import io.fastforward.search.Prior;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.spi.search.Workload;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Tries every module by itself: what becomes of the model's predictions if it alone is pruned to half of its units and repaired.
 * Each probe is a trial like those of a search. A batch is on disk before the next begins.
 */
public record ProbeStage(RunContext run, Probing probing) {

    /**
     * Probes in a batch: as many as pass layers that stay loaded together. They agree up to the first of their modules, so fewer in
     * a batch would repeat more, and more would lose more when they are interrupted.
     */
    private static final int BATCH = 16;

    /**
     * What came of each module; as far as the record has it, from there.
     *
     * @param scored the units; the record has the modules' output maps
     * @throws Failure if the model breaks without half of a module
     */
    public List<Probe> execute(UnitRanking scored) {
        ProbeRecord record = run.record().probing();
        List<Policy> candidates = candidates();
        List<Probe> probes = new ArrayList<>(record.probes(candidates.size()));
        if (!probes.isEmpty()) {
            run.progress().note("Resuming after " + probes.size() + " of " + candidates.size() + " modules tried");
        }
        run.progress().begin("Trying single modules", candidates.size());
        NestedModel nested = new NestedModel(run.spec(), run.model(), scored.order());
        RepairedMapFiles maps = record.repairedMaps();
        Workload workload = probing.workload(scored.order(), maps.maps());
        try (LayerSource layers = run.layers(run.spec(), nested);
                LayerSource repaired = new RepairedLayers(run.backend(), layers, nested, maps);
                Decoder decoder = run.decoder(repaired, run.model().ends());
                TrialExecutor executor = probing.executor(new RewardEvaluator(decoder, workload), workload)) {
            while (probes.size() < candidates.size()) {
                List<Policy> batch =
                        candidates.subList(probes.size(), Math.min(probes.size() + BATCH, candidates.size()));
                probes.addAll(evaluate(executor, workload.windows(), batch, probes.size()));
                record.saveProbes(probes);
                run.progress().advance(probes.size(), "modules");
            }
        }
        run.progress().end("tried " + probes.size() + " modules");
        return probes;
    }

    /** For each module, the dense policy with half of its units. */
    private List<Policy> candidates() {
        List<Integer> dense = run.spec().densePolicy().retained();
        return IntStream.range(0, dense.size())
                .mapToObj(module -> {
                    List<Integer> retained = new ArrayList<>(dense);
                    retained.set(module, Prior.probedUnits(dense.get(module)));
                    return new Policy(retained);
                })
                .toList();
    }

    private List<Probe> evaluate(TrialExecutor executor, Workload.Windows windows, List<Policy> candidates, int first) {
        List<Integer> all = IntStream.range(0, windows.count()).boxed().toList();
        List<TrialExecutor.Result> results = executor.execute(new TrialBatch(all, candidates));
        List<Probe> probes = new ArrayList<>();
        for (TrialExecutor.Result result : results) {
            double divergence = result.losses().stream()
                    .mapToDouble(Double::doubleValue)
                    .average()
                    .orElseThrow();
            if (!Double.isFinite(divergence)) {
                throw broken(first + probes.size());
            }
            probes.add(new Probe(divergence, result.cost()));
        }
        return probes;
    }

    private Failure broken(int index) {
        ModuleSpec module = run.spec().modules().get(index);
        return FailureKind.NOT_FINITE.failure("the model's logits are not finite once layer " + index / 2 + ", "
                + (index % 2 == 0 ? "attention" : "MLP") + ", has " + Prior.probedUnits(module.units()) + " of its "
                + module.units() + " units; leave the probes out with " + Setting.PRIOR + " curves");
    }
}
