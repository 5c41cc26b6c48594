package io.fastforward.model;

import io.fastforward.checkpoint.Checkpoint;
import io.fastforward.failure.OneLine;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What a checkpoint holds and the architecture in its config does not have. As in transformers it is left out; unlike
 * there, whether it may matter is told apart.
 */
final class UnreadTensors {

    /** What classes of earlier versions, and other frameworks, saved although it is no weight: tables, masks, counters. */
    private static final Pattern BUFFER = Pattern.compile("(.*\\.)?(rotary_emb\\..*|inv_freq|cos_cached|sin_cached"
            + "|masked_bias|attn\\.bias|causal_mask|position_ids|version|_float_tensor|num_batches_tracked)");

    private UnreadTensors() {}

    /**
     * Remarks on tensors and entries of an index that nothing reads.
     *
     * @param read the stored names of the tensors that the architecture has
     */
    static List<String> remarks(Checkpoint checkpoint, Set<String> read) {
        Map<Boolean, TreeSet<String>> unread = checkpoint.names().stream()
                .filter(name -> !read.contains(name))
                .collect(Collectors.partitioningBy(
                        name -> BUFFER.matcher(name).matches(), Collectors.toCollection(TreeSet::new)));
        List<String> remarks = new ArrayList<>();
        Set<String> weights = unread.getOrDefault(false, new TreeSet<>());
        if (!weights.isEmpty()) {
            remarks.add("Warning: " + checkpoint.directory() + " holds " + counted(weights)
                    + " that the architecture in its config.json does not have. As in transformers, the model is"
                    + " computed and written without; if config.json is of another model, the results are wrong");
        }
        Set<String> buffers = unread.getOrDefault(true, new TreeSet<>());
        if (!buffers.isEmpty()) {
            remarks.add("Note: " + checkpoint.directory() + " holds " + counted(buffers)
                    + " that no layer reads, left there by an earlier version; not carried over");
        }
        Set<String> stale = new TreeSet<>(checkpoint.staleIndexEntries());
        if (!stale.isEmpty()) {
            remarks.add("Note: the index of " + checkpoint.directory() + " names " + counted(stale)
                    + " that no file holds and no layer reads; not carried over");
        }
        return remarks;
    }

    private static String counted(Set<String> names) {
        String example = OneLine.of(names.iterator().next());
        return names.size() == 1
                ? "a tensor ('" + example + "')"
                : names.size() + " tensors (such as '" + example + "')";
    }
}
