package io.fastforward.run;

import io.fastforward.checkpoint.FileHash;
import io.fastforward.evaluate.ChoiceAccuracy.Questions;
import io.fastforward.evaluate.ChoiceTask;
import io.fastforward.evaluate.ZeroShares;
import io.fastforward.export.CheckpointExport;
import io.fastforward.export.CheckpointExport.Form;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.forward.Decoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.json.StrictJson;
import io.fastforward.model.Model;
import io.fastforward.plugin.PluginKind;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.prune.Sparsification;
import io.fastforward.prune.SparsifyingPass;
import io.fastforward.record.SparsifyRecord;
import io.fastforward.report.Progress;
import io.fastforward.report.Variant;
import io.fastforward.run.stage.CheckedExport;
import io.fastforward.run.stage.Figures;
import io.fastforward.run.stage.MemoryPlan;
import io.fastforward.run.stage.RunWindows;
import io.fastforward.settings.SparsifySettings;
import io.fastforward.settings.WindowSettings;
import io.fastforward.spi.Options;
import io.fastforward.spi.Plugin;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.format.ReadableModel;
import io.fastforward.spi.model.ModelEnds;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.WeightSource;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.prune.Sparsifier;
import io.fastforward.tokenizer.TextSummary;
import io.fastforward.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Sets weights of a checkpoint to zero; the result has the same shape, and loads wherever the dense one does. */
public final class SparsifyRun {

    private final SparsifyRequest request;
    private final SparsifySettings settings;
    private final PluginRegistry plugins;
    private final Progress progress;
    private final Sparsifier sparsifier;
    private final Form form;
    private final Texts texts;

    /**
     * A run that has not begun.
     *
     * @throws Failure if a plugin is not to be had or does not know an option
     */
    public SparsifyRun(SparsifyRequest request, PluginRegistry plugins, Progress progress) {
        this.request = request;
        this.settings = request.settings();
        this.plugins = plugins;
        this.progress = progress;
        GivenOptions.requireKinds(settings.options(), List.of(PluginKind.SPARSIFIER, PluginKind.FORMAT));
        Sparsifier.Provider sparsifiers = plugins.find(PluginKind.SPARSIFIER, settings.method());
        this.sparsifier = sparsifiers.create(options(PluginKind.SPARSIFIER, sparsifiers));
        var formats = plugins.find(PluginKind.FORMAT, settings.export().format());
        this.form = settings.export().in(formats.create(options(PluginKind.FORMAT, formats)));
        this.texts = Texts.of(request.calibrationText(), request.evaluationText(), request.tasks());
    }

    /**
     * What came out.
     *
     * @param variants figures: the dense model, and the sparse one as it was written
     * @param zeros what is zero in every map, counted in what was written
     * @param reloadDifference largest relative difference of logits between the model in memory and the written one
     * @param texts what was read of the texts, by their role
     * @param heldOut whether figures are on the end of the calibration text
     * @param remarks what is odd about the checkpoint, a line each
     * @param output directory of the sparse checkpoint
     */
    public record Result(
            List<Variant> variants,
            ZeroShares zeros,
            double reloadDifference,
            Map<String, TextSummary> texts,
            boolean heldOut,
            List<String> remarks,
            String output) {}

    /** Does everything. What the user may have got wrong is checked before anything is written. */
    public Result execute() {
        Destination destination = new Destination(request.model(), request.output());
        destination.requireUsable();
        texts.requireStreamsOfTheirOwn();
        return Devices.run(plugins, request.compute(), progress, (backend, takesOver) -> {
            try (LinearAlgebra algebra =
                            Devices.linearAlgebra(plugins, request.compute().threads());
                    Model model = Model.open(request.model())) {
                return execute(destination, backend, algebra, model);
            }
        });
    }

    private Result execute(Destination destination, ComputeBackend backend, LinearAlgebra algebra, Model model) {
        ModelSpec spec = model.spec();
        form.requireAccepted(model, spec);
        Sparsification sparsification =
                new Sparsification(sparsifier, settings.zeros(), settings.layerInput(), settings.refit());
        SparsifyingPass pass = new SparsifyingPass(backend, algebra, model, sparsification);
        pass.requireFits();
        destination.requireRoom(form.weightBytes(model, spec));
        int length = WindowSettings.length(settings.windows().length(), spec);
        MemoryPlan.require(
                MemoryPlan.sparsifying(spec, sparsification, settings.windows().calibration(), length),
                request.compute().memoryBytes(),
                List.of(Setting.CALIBRATION_WINDOWS, Setting.WINDOW_LENGTH));
        model.requireFinite(settings.export().dataType());
        RunWindows windows;
        Optional<Questions> questions;
        // Its process ends here: it has nothing to do in the rest of the run.
        try (Tokenizer tokenizer = Tokenizer.open(request.model(), spec.vocabularySize())) {
            windows = RunWindows.read(
                    settings.text(),
                    settings.windows().asked(),
                    settings.seed(),
                    texts.calibration(),
                    texts.evaluation(),
                    tokenizer,
                    length);
            questions = texts.tasks()
                    .map(file -> Questions.tokenize(ChoiceTask.read(file, request.mostTasks()), tokenizer));
        }
        model.remarks().forEach(progress::note);
        windows.texts().forEach((role, text) -> progress.note("Text for " + role + ": " + text.describe()));
        Figures figures = new Figures(windows.evaluation(), questions, progress);
        List<Variant> variants = new ArrayList<>();
        variants.add(measure("dense", 0, figures, backend, spec, model, model.ends()));
        SparsifyRecord written = write(pass, windows, backend, model);
        form.format().open(request.output()).ifPresent(read -> {
            try (ReadableModel sparse = read) {
                double share = written.zeros().share();
                variants.add(measure(
                        settings.method() + " " + settings.pattern(),
                        share,
                        figures,
                        backend,
                        sparse.spec(),
                        sparse,
                        sparse.ends()));
            }
        });
        return new Result(
                variants,
                written.zeros(),
                written.reloadDifference(),
                windows.texts(),
                windows.heldOut(),
                model.remarks(),
                request.output().toString());
    }

    private Variant measure(
            String name,
            double sparsity,
            Figures figures,
            ComputeBackend backend,
            ModelSpec spec,
            WeightSource weights,
            ModelEnds ends) {
        try (LayerSource layers = LayerSource.streamed(backend, spec, weights);
                Decoder decoder =
                        new Decoder(backend, layers, ends, request.compute().memoryBytes() / 4)) {
            return figures.measure(name, decoder, spec.densePolicy(), spec.parameters(), sparsity);
        }
    }

    private SparsifyRecord write(SparsifyingPass pass, RunWindows windows, ComputeBackend backend, Model model) {
        model.checkpoint().companions().remark().ifPresent(progress::note);
        progress.begin(
                "Sparsifying with " + settings.method() + ", and writing",
                model.spec().layers().size());
        SparsifyRecord written = new CheckedExport(
                        backend,
                        model,
                        model.spec(),
                        form,
                        request.output(),
                        CheckedExport.window(windows.evaluation()))
                .write(
                        sink -> pass.run(windows.repair(), sink, done -> progress.advance(done, "layers")),
                        (export, difference) -> {
                            SparsifyRecord record = new SparsifyRecord(
                                    SparsifyRecord.FORMAT,
                                    settings,
                                    model.checkpoint().hashes(),
                                    hashes(windows),
                                    backend.device(),
                                    Versions.current(),
                                    zeros(export),
                                    difference);
                            export.addFile(
                                    SparsifyRecord.FILE,
                                    StrictJson.pretty(record).getBytes(StandardCharsets.UTF_8));
                            return record;
                        });
        progress.end(String.format(
                Locale.ROOT,
                "wrote %s; %.2f%% of the weights are zero",
                request.output(),
                100 * written.zeros().share()));
        return written;
    }

    /** Counted in the files, as far as they can be read back. */
    private ZeroShares zeros(CheckpointExport export) {
        Pattern asked = settings.zeros();
        return form.format()
                .open(export.path())
                .map(read -> {
                    try (ReadableModel sparse = read) {
                        return ZeroShares.count(sparse.spec(), sparse, List.of(asked), layers -> {});
                    }
                })
                .orElseThrow(() -> FailureKind.UNSUPPORTED_MODEL.failure("the " + Setting.FORMAT + " "
                        + settings.export().format()
                        + " cannot be read back, so nobody could tell the zeros; use hf"));
    }

    private Map<String, FileHash> hashes(RunWindows windows) {
        Map<String, FileHash> files = new TreeMap<>();
        windows.texts().forEach((role, text) -> files.put(role, text.file()));
        texts.tasks().ifPresent(file -> files.put("tasks", file.hash()));
        return files;
    }

    private Options options(PluginKind<?> kind, Plugin plugin) {
        return GivenOptions.of(settings.options(), kind, plugin);
    }
}
