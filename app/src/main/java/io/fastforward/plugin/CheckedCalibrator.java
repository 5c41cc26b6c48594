package io.fastforward.plugin;

import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.MapShape;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.Workbench;
import java.util.Set;

/** A calibrator whose maps are known to have the right shape, and finite weights in memory that can be read. */
record CheckedCalibrator(
        CalledPlugin called, Calibrator calibrator, Set<Wish> wishes, boolean changesBias, boolean iterates)
        implements Calibrator {

    CheckedCalibrator(CalledPlugin called, Calibrator calibrator) {
        this(
                called,
                calibrator,
                called.call("telling what it wishes to know", () -> Set.copyOf(calibrator.wishes())),
                called.call("telling what it changes", calibrator::changesBias),
                called.call("telling whether it iterates", calibrator::iterates));
    }

    @Override
    public long scratchBytes(ModuleSpec module) {
        return called.scratchBytes(() -> calibrator.scratchBytes(module));
    }

    @Override
    public double multiplyAdds(ModuleSpec module, int kept, long tokens) {
        return called.multiplyAdds(() -> calibrator.multiplyAdds(module, kept, tokens));
    }

    @Override
    public Repair repair(ModuleView module, int kept, Workbench workbench) {
        EngineCalls engine = new EngineCalls();
        Workbench shown = new WatchedWorkbench(engine, workbench);
        Repair repair = engine.within(
                called, "calibrating", () -> FiniteNumbers.areIn(module), () -> calibrator.repair(module, kept, shown));
        repair.replaced().forEach((role, map) -> requireFits(module, kept, role, map));
        return repair;
    }

    private void requireFits(ModuleView module, int kept, MapRole role, Linear map) {
        if (!module.weights().maps().containsKey(role)) {
            throw called.failure("gave a map " + role + " for " + module.place() + ", which has none");
        }
        MapShape shape = module.spec().withUnits(kept).map(role);
        CheckedMaps.require(called, map, shape.rows(), shape.columns(), shape.bias());
        // Reading also tells whether the memory is closed, or of a thread that is not this one.
        if (!called.call("giving its " + role + " map", () -> FiniteNumbers.areIn(map))) {
            FiniteNumbers.require(module);
            throw called.failure("gave weights that are NaN or infinite");
        }
    }
}
