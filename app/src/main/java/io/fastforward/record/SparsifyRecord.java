package io.fastforward.record;

import io.fastforward.checkpoint.FileHash;
import io.fastforward.evaluate.ZeroShares;
import io.fastforward.settings.SparsifySettings;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a sparse checkpoint is, as a file beside its weights: enough to make it again.
 *
 * @param format always "fastforward-sparse"
 * @param settings the user's settings
 * @param model hashes of the files of the dense checkpoint
 * @param files hashes of the texts, by their role
 * @param device the backend, with its versions
 * @param versions of FastForward, the contract and Java, and the operating system
 * @param patterns of the maps of every module, attention of layer 0, MLP of layer 0, and so on, "dense" if there are none;
 *     empty: the pattern of the settings, everywhere
 * @param zeros what is zero in every map, counted in what was written
 * @param reloadDifference largest relative difference of logits between the model in memory and the written one
 */
public record SparsifyRecord(
        String format,
        SparsifySettings settings,
        List<FileHash> model,
        Map<String, FileHash> files,
        String device,
        Map<String, String> versions,
        List<String> patterns,
        ZeroShares zeros,
        double reloadDifference) {

    /** Its name in the checkpoint's directory. */
    public static final String FILE = "sparsify.json";

    /** What every such file says that it is. */
    public static final String FORMAT = "fastforward-sparse";

    public SparsifyRecord {
        model = List.copyOf(model);
        patterns = List.copyOf(patterns);
        // Sorted, because a map is written to files in its own order.
        files = Collections.unmodifiableMap(new TreeMap<>(files));
        versions = Collections.unmodifiableMap(new TreeMap<>(versions));
    }
}
