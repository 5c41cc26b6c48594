package io.fastforward.plugin;

import io.fastforward.spi.Options;
import io.fastforward.spi.prune.Calibrator;

/** A maker of calibrators that are checked. */
record CheckedCalibratorProvider(CalledPlugin called, Calibrator.Provider plugin)
        implements CheckedPlugin, Calibrator.Provider {

    @Override
    public Calibrator create(Options options) {
        return new CheckedCalibrator(
                called, called.callWithOptions("creating a calibrator", options, () -> plugin.create(options)));
    }
}
