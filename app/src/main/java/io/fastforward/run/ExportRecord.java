package io.fastforward.run;

import io.fastforward.prune.ModuleRepair;
import java.util.List;

/**
 * What later stages need to know of the writing of the pruned model.
 *
 * @param repairs what calibration did to each module
 * @param reloadDifference largest relative difference of logits between the model in memory and the written one
 */
record ExportRecord(List<ModuleRepair> repairs, double reloadDifference) {
    ExportRecord {
        repairs = List.copyOf(repairs);
    }
}
