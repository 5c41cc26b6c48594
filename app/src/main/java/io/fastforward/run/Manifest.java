package io.fastforward.run;

import io.fastforward.checkpoint.FileHash;
import java.util.List;
import java.util.Map;

/**
 * What a run was: enough to say whether another one should give the same result.
 *
 * @param format always "fastforward-run"
 * @param settings the user's settings
 * @param model hashes of the checkpoint's files
 * @param texts hashes of the texts, by their role
 * @param device the backend and its versions
 * @param plugins the plugins that served, by kind: id and where it came from
 * @param versions of FastForward, the contract and Java, and the operating system
 * @param started when the run began, UTC
 */
record Manifest(
        String format,
        PruneSettings settings,
        List<FileHash> model,
        Map<String, FileHash> texts,
        String device,
        Map<String, String> plugins,
        Map<String, String> versions,
        String started) {

    static final String FORMAT = "fastforward-run";

    /** The first thing in which a run that is to be resumed differs from this one; empty if there is none. */
    String differenceTo(Manifest other) {
        if (!format.equals(other.format)) {
            return "the format";
        }
        if (!model.equals(other.model)) {
            return "the model's files";
        }
        if (!texts.equals(other.texts)) {
            return "the texts";
        }
        if (!settings.equals(other.settings)) {
            return "the settings (then " + settings + ", now " + other.settings + ")";
        }
        if (!device.equals(other.device)) {
            return "the device (then " + device + ", now " + other.device + ")";
        }
        if (!plugins.equals(other.plugins)) {
            return "the plugins (then " + plugins + ", now " + other.plugins + ")";
        }
        if (!versions.equals(other.versions)) {
            return "the versions (then " + versions + ", now " + other.versions + ")";
        }
        return "";
    }
}
