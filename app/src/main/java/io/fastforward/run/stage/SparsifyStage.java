package io.fastforward.run.stage;

import io.fastforward.checkpoint.FileHash;
import io.fastforward.evaluate.ZeroShares;
import io.fastforward.export.CheckpointExport.Form;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.json.StrictJson;
import io.fastforward.model.Model;
import io.fastforward.prune.FinishedLayers;
import io.fastforward.prune.LayerPatterns;
import io.fastforward.prune.ModulePatterns;
import io.fastforward.prune.SparsifyingPass;
import io.fastforward.record.ExportRecord;
import io.fastforward.record.RunRecord;
import io.fastforward.record.SparsifyRecord;
import io.fastforward.report.Progress;
import io.fastforward.settings.SparsifySettings;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.format.ReadableModel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Writes the model with zeros, and reads it back to see that it is the same.
 *
 * @param record where it is recorded
 * @param progress is told how far it is
 * @param form in which format it is written, and how
 * @param output where it goes
 */
public record SparsifyStage(
        RunRecord record, Progress progress, ComputeBackend backend, Model model, Form form, Path output) {

    private static final String PASS = "sparsifying";

    /**
     * What was written.
     *
     * @param zeros what is zero in it, counted in the files
     * @param reloadDifference largest relative difference of logits between the model in memory and the written one
     */
    public record Written(ZeroShares zeros, double reloadDifference) {}

    /**
     * Writes it, unless an interrupted run did and its output is still there.
     *
     * @param pass sets the zeros
     * @param patterns where they are to be
     * @param settings the user's, for the file beside the weights
     * @param files hashes of the texts, by their role, for it
     * @param versions of what runs, for it
     */
    public Written execute(
            SparsifyingPass pass,
            ModulePatterns patterns,
            RunWindows windows,
            SparsifySettings settings,
            Map<String, FileHash> files,
            Map<String, String> versions) {
        if (record.holdsOutput(output)) {
            record.pass().delete(PASS);
            progress.note("The sparse model is written; it is measured now.");
            double difference = record.export().orElseThrow().reloadDifference();
            return new Written(zeros(output, patterns), difference);
        }
        model.checkpoint().companions().remark().ifPresent(progress::note);
        FinishedLayers<LayerPatterns> finished = record.pass()
                .open(
                        PASS,
                        LayerPatterns.class,
                        pass.shape(windows.repair()),
                        form.weightBytes(model, model.spec()),
                        progress);
        progress.begin(
                "Sparsifying with " + settings.method() + ", and writing",
                model.spec().layers().size(),
                finished.end());
        Written written = new CheckedExport(
                        backend, model, model.spec(), form, output, CheckedExport.window(windows.evaluation()))
                .write(
                        sink -> pass.run(windows.repair(), finished, sink, done -> progress.advance(done, "layers")),
                        (export, difference) -> {
                            ZeroShares zeros = zeros(export.path(), patterns);
                            SparsifyRecord beside = new SparsifyRecord(
                                    SparsifyRecord.FORMAT,
                                    settings,
                                    model.checkpoint().hashes(),
                                    files,
                                    backend.device(),
                                    versions,
                                    patterns.names(),
                                    zeros,
                                    difference);
                            export.addFile(
                                    SparsifyRecord.FILE,
                                    StrictJson.pretty(beside).getBytes(StandardCharsets.UTF_8));
                            // First, so that an output of ours is known for one.
                            record.saveExport(
                                    new ExportRecord(List.of(), difference, ExportRecord.hashes(export.path())));
                            return new Written(zeros, difference);
                        });
        record.pass().delete(PASS);
        progress.end(String.format(
                Locale.ROOT,
                "wrote %s; %.2f%% of the weights are zero",
                output,
                100 * written.zeros().share()));
        return written;
    }

    /** Counted in the files, as far as they can be read back. */
    private ZeroShares zeros(Path files, ModulePatterns patterns) {
        return form.format()
                .open(files)
                .map(read -> {
                    try (ReadableModel sparse = read) {
                        return ZeroShares.count(sparse.spec(), sparse, List.of(patterns.asked()), layers -> {});
                    }
                })
                .orElseThrow(() -> FailureKind.UNSUPPORTED_MODEL.failure("what this " + Setting.FORMAT
                        + " writes cannot be read back, so nobody could tell the zeros; use hf"));
    }
}
