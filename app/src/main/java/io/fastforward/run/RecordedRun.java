package io.fastforward.run;

import io.fastforward.model.Model;
import io.fastforward.page.RunReport;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.record.FinishedRun;
import io.fastforward.record.Manifest;
import io.fastforward.record.RunRecord;
import io.fastforward.report.LoggedProgress;
import io.fastforward.report.Progress;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.LinearAlgebra;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * What every run with a record has around its work: a device, and the next one if that fails, linear algebra, the model; then
 * the record, the log, the result of a run that is complete, and its report.
 *
 * @param plugins serve it
 * @param compute what it may compute with
 * @param model directory of the checkpoint
 * @param directory of the record
 * @param resume whether to go on with an interrupted run
 * @param shown is told how far it is
 */
record RecordedRun(
        PluginRegistry plugins, Compute compute, Path model, Path directory, boolean resume, Progress shown) {

    /** What is done with an opened model. */
    @FunctionalInterface
    interface Opened<T> {

        /**
         * Does it.
         *
         * @param candidates what evaluates candidates
         * @param resume whether there is a run to go on with, of the user or of a device that failed
         */
        T with(ComputeBackend backend, CandidateBackend candidates, LinearAlgebra algebra, Model model, boolean resume);
    }

    /** Opens device and model. */
    <T> T open(CandidatePrecision precision, Opened<T> work) {
        boolean holdsEarlierRun = RunRecord.holdsRun(directory);
        if (resume) {
            RunRecord.candidatePrecision(directory).ifPresent(precision::goOn);
        }
        return Devices.run(plugins, compute, shown, (device, takesOver) -> {
            // What another device left there is this run's own.
            boolean goesOn = takesOver && !holdsEarlierRun && RunRecord.holdsRun(directory);
            try (CandidateBackend candidates = precision.open(device);
                    LinearAlgebra algebra = Devices.linearAlgebra(plugins, compute.threads());
                    Model opened = Model.open(model)) {
                return work.with(device.backend(), candidates, algebra, opened, resume || goesOn);
            }
        });
    }

    /**
     * Opens the record and does the work, if it does not hold its result.
     *
     * @param manifest of the run
     * @param goesOn as {@link Opened} was told
     * @param type of the result
     * @param isWhole whether what a complete run wrote beside its record is there
     * @param work is given the record, and a progress that is logged as well
     * @param atEnd what is done with the record of a complete run
     */
    <T> T record(
            Manifest manifest,
            boolean goesOn,
            Class<T> type,
            Predicate<RunRecord> isWhole,
            BiFunction<RunRecord, Progress, T> work,
            Consumer<RunRecord> atEnd) {
        try (RunRecord record = RunRecord.open(directory, manifest, goesOn)) {
            Optional<T> finished = record.result(type).filter(result -> isWhole.test(record));
            finished.ifPresent(result -> shown.note("This run is complete; nothing is left to do."));
            T result = finished.orElseGet(() -> LoggedProgress.during(shown, record.logFile(), progress -> {
                record.workOn(manifest.device()).ifPresent(progress::note);
                return work.apply(record, progress);
            }));
            if (finished.isEmpty() || !record.holdsReport()) {
                record.saveReport(RunReport.of(FinishedRun.read(directory)));
            }
            atEnd.accept(record);
            return result;
        }
    }
}
