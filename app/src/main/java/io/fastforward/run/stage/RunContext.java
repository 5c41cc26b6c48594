package io.fastforward.run.stage;

import io.fastforward.forward.Decoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.forward.PassMemory;
import io.fastforward.model.Model;
import io.fastforward.record.RunRecord;
import io.fastforward.report.Progress;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.model.ModelEnds;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.WeightSource;

/**
 * What the stages of a run share.
 *
 * @param backend what computes
 * @param algebra solves what the backend does not
 * @param model the source model
 * @param spec its architecture, with the units that are pruned
 * @param memory what may be used
 * @param record what is finished goes here before the next stage begins
 * @param progress is told how far it is
 */
public record RunContext(
        ComputeBackend backend,
        LinearAlgebra algebra,
        Model model,
        ModelSpec spec,
        MemoryPlan memory,
        RunRecord record,
        Progress progress) {

    /** Layers for a decoder: all of them loaded, or one after the other, as the plan has it. */
    public LayerSource layers(ModelSpec architecture, WeightSource weights) {
        return memory.resident()
                ? LayerSource.resident(backend, architecture, weights)
                : LayerSource.streamed(backend, architecture, weights);
    }

    /** Where the statistics pass keeps hidden states and sums. */
    PassMemory scoringMemory() {
        return memory.scoringMemory(record.path());
    }

    /** Where calibration does. */
    PassMemory repairMemory() {
        return memory.repairMemory(record.path());
    }

    public Decoder decoder(LayerSource layers, ModelEnds ends) {
        return new Decoder(backend, layers, ends, memory.limitBytes() / 4);
    }
}
