package io.fastforward.run;

import io.fastforward.model.Model;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.record.StageKey;
import io.fastforward.report.Progress;
import io.fastforward.spi.backend.ComputeBackend;
import java.util.List;

/**
 * A run as it would begin: all that can be wrong with what the user asks for is found, and nothing is computed or written.
 *
 * @param request what it would do
 * @param plugins serve it
 */
public record RunPreview(PruneRequest request, PluginRegistry plugins) {

    /**
     * What the ranking of its units would depend on, but for the contents of the model's files, which take long to read.
     *
     * @throws io.fastforward.failure.Failure if the run cannot begin
     */
    public StageKey ranking() {
        ServingPlugins serving = new ServingPlugins(plugins, request.settings());
        Texts texts = Texts.of(request.files());
        return Devices.run(plugins, request.compute(), Progress.silent(), (device, takesOver) -> {
            ComputeBackend backend = device.backend();
            try (CandidateBackend candidates = CandidatePrecision.single().open(device);
                    Model model = Model.open(request.files().model())) {
                RunPlan plan = RunPlan.of(request, serving, texts, model, candidates);
                StageKeys keys = new StageKeys(
                        List.of(),
                        backend.device(),
                        Devices.linearAlgebra(plugins).id(),
                        Versions.current());
                return keys.ranking(
                        serving.criterionIdentity(),
                        plan.attentionUnit(),
                        plan.wanted(serving, request.settings().budget().sparsity()),
                        plan.windows().scoring());
            }
        });
    }
}
