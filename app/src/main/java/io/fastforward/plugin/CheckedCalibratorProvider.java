package io.fastforward.plugin;

import io.fastforward.spi.Options;
import io.fastforward.spi.prune.Calibrator;

/** A maker of calibrators that are checked. */
final class CheckedCalibratorProvider extends CheckedPlugin<Calibrator.Provider> implements Calibrator.Provider {

    CheckedCalibratorProvider(String kind, String origin, boolean external, Calibrator.Provider plugin) {
        super(kind, origin, external, plugin);
    }

    @Override
    public Calibrator create(Options options) {
        return new CheckedCalibrator(
                origin(), origin().callWithOptions("creating a calibrator", options, () -> plugin().create(options)));
    }
}
