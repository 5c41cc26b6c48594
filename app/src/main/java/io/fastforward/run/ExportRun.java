package io.fastforward.run;

import io.fastforward.export.CheckpointExport;
import io.fastforward.export.CheckpointExport.Form;
import io.fastforward.export.ReloadCheck;
import io.fastforward.model.Model;
import io.fastforward.plugin.PluginKind;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.prune.PrunedLayerSink;
import io.fastforward.report.Progress;
import io.fastforward.run.stage.CheckedExport;
import io.fastforward.spi.Options;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.format.ModelFormat;
import io.fastforward.tokenizer.TokenWindows;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Writes a checkpoint again in another form or data type. */
public final class ExportRun {

    private ExportRun() {}

    /**
     * What to write.
     *
     * @param model checkpoint directory, dense or pruned
     * @param output where the result goes; must be empty
     * @param settings how it is written
     * @param options of the format, by {@code format.NAME}
     * @param compute what compares the logits
     */
    public record Request(
            Path model, Path output, CheckpointExport.Settings settings, Map<String, String> options, Compute compute) {

        public Request {
            options = Map.copyOf(options);
        }
    }

    /**
     * What was written.
     *
     * @param output the directory
     * @param reloadDifference largest relative difference of logits between source and result
     * @param remarks what is odd about the source, a line each
     */
    public record Written(String output, double reloadDifference, List<String> remarks) {}

    /** Writes, reads back and compares. */
    public static Written execute(Request request, PluginRegistry plugins, Progress progress) {
        GivenOptions.requireKinds(request.options(), List.of(PluginKind.FORMAT));
        ModelFormat.Provider provider =
                plugins.find(PluginKind.FORMAT, request.settings().format());
        Options options = GivenOptions.of(request.options(), PluginKind.FORMAT, provider);
        Form form = request.settings().in(provider.create(options));
        return Devices.run(
                plugins,
                request.compute(),
                progress,
                (device, takesOver) -> execute(request, form, device.backend(), progress));
    }

    private static Written execute(Request request, Form form, ComputeBackend backend, Progress progress) {
        try (Model model = Model.open(request.model())) {
            model.requireFinite(request.settings().dataType());
            return execute(request, form, model, backend, progress);
        }
    }

    private static Written execute(Request request, Form form, Model model, ComputeBackend backend, Progress progress) {
        Written written = new CheckedExport(backend, model, model.spec(), form, request.output(), window(model))
                .write(
                        sink -> pass(model, sink, progress),
                        (export, difference) -> new Written(request.output().toString(), difference, model.remarks()));
        progress.end("wrote " + request.output());
        return written;
    }

    private static void pass(Model model, PrunedLayerSink sink, Progress progress) {
        model.remarks().forEach(progress::note);
        int layers = model.spec().layers().size();
        model.checkpoint().companions().remark().ifPresent(progress::note);
        progress.begin("Writing", layers);
        for (int layer = 0; layer < layers; layer++) {
            sink.accept(layer, model.layer(layer));
            progress.advance(layer + 1, "layers");
        }
    }

    /** Different tokens: a text is not needed to see whether two models are the same. */
    private static TokenWindows window(Model model) {
        int length = Math.min(ReloadCheck.PROBE_LENGTH, model.spec().contextLength());
        int[] tokens = new int[length];
        Arrays.setAll(tokens, i -> (int) ((i * 2_654_435_761L) % model.spec().vocabularySize()));
        return new TokenWindows(length, 1, tokens);
    }
}
