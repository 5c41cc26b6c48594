package io.fastforward.testing;

import io.fastforward.spi.backend.DeviceException;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.measure.Tap;
import io.fastforward.spi.prune.Workbench;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;

/** A workbench that has no batches: the device is gone. */
public record WorkbenchWithoutDevice(LinearAlgebra algebra, Arena arena) implements Workbench {

    @Override
    public Iterable<Matrix> batches(Tap tap) {
        return () -> {
            throw new DeviceException("the card is gone", null);
        };
    }
}
