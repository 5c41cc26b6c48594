package io.fastforward.criteria;

import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.Options;
import io.fastforward.spi.measure.ModuleView;
import java.util.Arrays;
import java.util.List;

/** How the weights of a column make one number, whatever the number of rows. */
enum Norm {
    /** The mean of |W_ij| over the rows i. */
    L1,
    /** The root of the mean of W_ij². */
    L2;

    static final OptionSpec OPTION = OptionSpec.oneOf(
            "norm", "of a column: l1, mean |weight|, or l2, root mean square", "l1", List.of("l1", "l2"));

    static Norm of(Options options) {
        return options.text(OPTION.name()).equals("l1") ? L1 : L2;
    }

    /** Of every column of a module's output map. */
    double[] ofColumns(ModuleView module) {
        return switch (this) {
            case L1 -> OutputColumns.meanMagnitudes(module);
            case L2 ->
                Arrays.stream(OutputColumns.meanSquares(module)).map(Math::sqrt).toArray();
        };
    }
}
