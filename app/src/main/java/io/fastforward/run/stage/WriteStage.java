package io.fastforward.run.stage;

import io.fastforward.checkpoint.ReadFailure;
import io.fastforward.export.CheckpointExport;
import io.fastforward.model.Model;
import io.fastforward.nested.NestedModel;
import io.fastforward.prune.FinishedLayers;
import io.fastforward.prune.LayerRepairs;
import io.fastforward.prune.ModuleRepair;
import io.fastforward.prune.PruningPass;
import io.fastforward.record.ExportRecord;
import io.fastforward.report.Progress;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.tokenizer.TokenWindows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Writes the repaired model, and reads it back to see that it is the same.
 *
 * @param repair what makes its layers
 * @param form in which format it is written, and how
 * @param output where it goes
 */
public record WriteStage(RunContext run, RepairStage repair, CheckpointExport.Form form, Path output) {

    private static final String PASS = "repair";
    private static final String POLICY_COPY = "policy.json";

    /**
     * What was written; from the record if it is there and the output still is.
     *
     * @param policyFile the policy as a file, of which the output has a copy
     * @param evaluation windows of a text, for comparing logits
     */
    public ExportRecord execute(NestedModel nested, Policy policy, byte[] policyFile, TokenWindows evaluation) {
        ExportRecord written = writtenBefore(policyFile)
                .orElseGet(() -> write(nested, policy, policyFile, CheckedExport.window(evaluation)));
        run.record().pass().delete(PASS);
        return written;
    }

    /** What an interrupted run wrote, if it came so far and its output is still there. */
    private Optional<ExportRecord> writtenBefore(byte[] policyFile) {
        Path copy = output.resolve(POLICY_COPY);
        try {
            return Files.exists(copy) && Arrays.equals(policyFile, Files.readAllBytes(copy))
                    ? run.record().export().filter(written -> written.isIn(output))
                    : Optional.empty();
        } catch (IOException e) {
            throw ReadFailure.of(copy, e);
        }
    }

    private ExportRecord write(NestedModel nested, Policy policy, byte[] policyFile, TokenWindows window) {
        Model model = run.model();
        Progress progress = run.progress();
        model.checkpoint().companions().remark().ifPresent(progress::note);
        ModelSpec pruned = nested.pruned(policy);
        PruningPass pass = repair.pass(nested, policy);
        FinishedLayers<LayerRepairs> finished = run.record()
                .pass()
                .open(
                        PASS,
                        LayerRepairs.class,
                        pass.shape(repair.windows()),
                        form.weightBytes(model, pruned),
                        progress);
        progress.begin("Pruning and writing", model.spec().layers().size(), finished.end());
        List<ModuleRepair> repairs = new ArrayList<>();
        ExportRecord written = new CheckedExport(run.backend(), model, pruned, form, output, window)
                .write(
                        sink -> repairs.addAll(pass.run(
                                repair.windows(),
                                run.repairMemory(),
                                finished,
                                sink,
                                layers -> progress.advance(layers, "layers"))),
                        (export, difference) -> {
                            export.addFile(POLICY_COPY, policyFile);
                            ExportRecord record =
                                    new ExportRecord(repairs, difference, ExportRecord.hashes(export.path()));
                            run.record().saveExport(record); // first, so that an output of ours is known for one
                            return record;
                        });
        repairs.stream()
                .filter(module -> module.remark() != null)
                .forEach(module ->
                        progress.note("Layer " + module.layer() + " " + module.module() + ": " + module.remark()));
        double difference = written.reloadDifference();
        progress.end("wrote " + output
                + (Double.isNaN(difference)
                        ? "; its format cannot be read back, so nothing was compared"
                        : String.format(
                                Locale.ROOT,
                                "; read back, its logits differ by %.1e from the model in memory",
                                difference)));
        return written;
    }
}
