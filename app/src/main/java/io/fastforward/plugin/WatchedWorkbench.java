package io.fastforward.plugin;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.measure.HiddenStream;
import io.fastforward.spi.measure.Tap;
import io.fastforward.spi.prune.Workbench;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.util.Iterator;

/** What a plugin works with, so that failures of the engine behind it are told, whatever the plugin makes of them. */
record WatchedWorkbench(EngineCalls engine, Workbench workbench) implements Workbench {

    @Override
    public LinearAlgebra algebra() {
        return workbench.algebra();
    }

    @Override
    public Arena arena() {
        return workbench.arena();
    }

    @Override
    public Iterable<Matrix> batches(Tap tap) {
        return watched(workbench.batches(tap));
    }

    @Override
    public Iterable<Matrix> batches(Tap tap, HiddenStream stream) {
        return watched(workbench.batches(tap, stream));
    }

    private Iterable<Matrix> watched(Iterable<Matrix> batches) {
        return () -> {
            Iterator<Matrix> each = engine.call(batches::iterator);
            return new Iterator<>() {
                @Override
                public boolean hasNext() {
                    return each.hasNext();
                }

                @Override
                public Matrix next() {
                    return engine.call(each::next);
                }
            };
        };
    }
}
