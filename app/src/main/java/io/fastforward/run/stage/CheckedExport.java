package io.fastforward.run.stage;

import io.fastforward.export.CheckpointExport;
import io.fastforward.export.CheckpointExport.Form;
import io.fastforward.export.ReloadCheck;
import io.fastforward.failure.Failure;
import io.fastforward.model.Model;
import io.fastforward.prune.LogitProbe;
import io.fastforward.prune.PrunedLayerSink;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * Writes a model in some format while its layers pass by, and reads it back to see that it is the same. The output appears
 * under its name only then.
 *
 * @param backend compares logits
 * @param model the source model
 * @param written the architecture of the layers that pass by, with units as in checkpoints
 * @param form in which format it is written, and how
 * @param output where it goes
 * @param window on which logits are compared
 */
public record CheckedExport(
        ComputeBackend backend, Model model, ModelSpec written, Form form, Path output, TokenWindows window) {

    /** What there is to do with files that are complete and were found to be right, before they get their name. */
    @FunctionalInterface
    public interface Completion<R> {

        /**
         * Does it.
         *
         * @param difference largest relative difference of logits; NaN if the format cannot be read back
         */
        R complete(CheckpointExport export, double difference);
    }

    /** The window of a text on which logits are compared. */
    public static TokenWindows window(TokenWindows text) {
        return TokenWindows.consecutive(text.tokens(), Math.min(ReloadCheck.PROBE_LENGTH, text.length()), 1);
    }

    /**
     * Writes, reads back and compares.
     *
     * @param layers passes all layers on, each as soon as it is ready
     * @throws Failure if the output holds something or cannot be written, or what was written is another model
     */
    public <R> R write(Consumer<PrunedLayerSink> layers, Completion<R> completion) {
        try (CheckpointExport export = CheckpointExport.begin(model, written, output, form);
                LogitProbe probe =
                        new LogitProbe(backend, model, written, form.settings().dataType(), List.of(window));
                Arena arena = Arena.ofShared()) {
            layers.accept(PrunedLayerSink.all(List.of(export, probe)));
            export.finish();
            double difference = ReloadCheck.run(form.format(), backend, export.path(), window, probe.logits(arena));
            R result = completion.complete(export, difference);
            export.commit();
            return result;
        }
    }
}
