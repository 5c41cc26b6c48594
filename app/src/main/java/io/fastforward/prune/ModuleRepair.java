package io.fastforward.prune;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import org.jspecify.annotations.Nullable;

/**
 * What calibration did to one module.
 *
 * @param layer index of the layer
 * @param module "attention" or "mlp"
 * @param relativeError of the repaired output on the calibration windows; NaN if it is not known
 * @param ridge the λ that was used
 * @param remark one line if something was out of the ordinary
 */
public record ModuleRepair(
        int layer,
        String module,
        double relativeError,
        double ridge,
        @JsonSetter(nulls = Nulls.SET) @Nullable String remark) {}
