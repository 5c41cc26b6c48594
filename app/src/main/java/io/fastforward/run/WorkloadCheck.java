package io.fastforward.run;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.nested.NestedOrder;
import io.fastforward.record.RepairedMapFiles;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.Workload;
import io.fastforward.spi.search.Workload.Choice;
import io.fastforward.spi.search.Workload.RepairedMap;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Whether a workload and its batches, which come from another process, fit the model that is here.
 *
 * @param spec the model's architecture, with the workload's units
 */
record WorkloadCheck(Workload workload, ModelSpec spec) {

    /** @throws Failure if the workload does not fit */
    void requireFits() {
        try {
            new NestedOrder(workload.order()).requireFits(spec);
        } catch (IllegalArgumentException e) {
            throw misfit("its order: " + OneLine.of(String.valueOf(e.getMessage())));
        }
        requireTokens(workload.windows().tokens(), workload.windows().length());
        workload.questions().stream()
                .flatMap(question -> question.choices().stream())
                .map(Choice::tokens)
                .forEach(tokens -> requireTokens(tokens, tokens.length));
        workload.repairedMaps().forEach(this::requireMap);
        if (!new RepairedMapFiles(workload.repairedMaps()).areIntact()) {
            throw FailureKind.BAD_RECORD.failure("an output map of the workload is not here, or was changed; the run"
                    + " directory of the search has to be visible to its workers under the same path");
        }
    }

    private void requireTokens(int[] tokens, int length) {
        if (length > spec.contextLength() + 1) {
            throw misfit("it has " + length + " tokens in a row, the model's context is " + spec.contextLength());
        }
        IntStream.of(tokens)
                .filter(token -> token < 0 || token >= spec.vocabularySize())
                .findFirst()
                .ifPresent(token -> {
                    throw misfit("it has the token " + token + ", the model " + spec.vocabularySize());
                });
    }

    private void requireMap(int index, RepairedMap map) {
        List<ModuleSpec> modules = spec.modules();
        if (index < 0
                || index >= modules.size()
                || map.units() > modules.get(index).units()) {
            throw misfit("it has an output map of " + map.units() + " units for module " + index);
        }
    }

    /** @throws Failure if a batch does not fit */
    void requireFits(TrialBatch batch) {
        batch.windows().stream()
                .filter(window -> window < 0 || window >= workload.windows().count())
                .findFirst()
                .ifPresent(window -> {
                    throw misfit("a batch asks for window " + window + " of "
                            + workload.windows().count());
                });
        List<Integer> dense = spec.densePolicy().retained();
        for (Policy policy : batch.candidates()) {
            List<Integer> retained = policy.retained();
            if (retained.size() != dense.size()
                    || IntStream.range(0, dense.size()).anyMatch(module -> retained.get(module) > dense.get(module))) {
                throw misfit("a batch has a candidate with other layers, or more units than there are");
            }
        }
    }

    private static Failure misfit(String what) {
        return FailureKind.BAD_RECORD.failure(
                "the workload does not fit the model: " + what + "; it is damaged, or made for another one");
    }
}
