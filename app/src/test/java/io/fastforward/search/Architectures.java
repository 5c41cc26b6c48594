package io.fastforward.search;

import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.Normalization;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/** Model shapes to test with. */
final class Architectures {

    private static final Normalization RMS = new Normalization(Normalization.Kind.RMS, 1e-5);

    private static final List<AttentionUnit> UNITS = List.of(AttentionUnit.values());

    private Architectures() {}

    /** Equal layers of a gated model without biases. */
    static List<ModuleSpec> llama(int layers, int hidden, int headSize, int groups, int queries, int channels) {
        List<ModuleSpec> modules = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            modules.add(new AttentionSpec(RMS, hidden, headSize, groups, queries, null, 0, false, false));
            modules.add(new MlpSpec(RMS, hidden, channels, true, Activation.SILU, false, false));
        }
        return modules;
    }

    /** Layers that differ in every way, at odd sizes. */
    static List<ModuleSpec> random(SplittableRandom random) {
        int layers = random.nextInt(1, 7);
        int hidden = random.nextInt(1, 50);
        List<ModuleSpec> modules = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            modules.add(new AttentionSpec(
                    RMS,
                    hidden,
                    random.nextInt(1, 20),
                    random.nextInt(1, 13),
                    random.nextInt(1, 5),
                    null,
                    0,
                    random.nextBoolean(),
                    random.nextBoolean()));
            modules.add(new MlpSpec(
                    RMS,
                    hidden,
                    random.nextInt(1, 120),
                    random.nextBoolean(),
                    Activation.RELU,
                    random.nextBoolean(),
                    random.nextBoolean()));
        }
        return modules;
    }

    /** As {@link #random}, with every kind of attention units. */
    static List<ModuleSpec> randomWithUnits(SplittableRandom random) {
        List<ModuleSpec> modules = new ArrayList<>();
        for (ModuleSpec module : random(random)) {
            AttentionUnit unit = UNITS.get(random.nextInt(UNITS.size()));
            modules.add(module instanceof AttentionSpec attention ? attention.withUnit(unit) : module);
        }
        return modules;
    }

    /** Constraints of every kind, some of them without effect. */
    static Constraints randomConstraints(SplittableRandom random, int layers) {
        Set<Integer> skipped = new HashSet<>();
        for (int layer = 0; layer < layers; layer++) {
            if (random.nextInt(3) == 0) {
                skipped.add(layer);
            }
        }
        int multiple = random.nextInt(4) == 0 ? random.nextInt(1, 200) : 1 << random.nextInt(6);
        return new Constraints(random.nextDouble(0, 0.9), multiple, skipped, random.nextBoolean());
    }

    /** Whether a module may have some number of units, by the definition of the constraints. */
    static boolean allows(Constraints constraints, List<ModuleSpec> modules, int module, int units) {
        ModuleSpec spec = modules.get(module);
        if (units == spec.units()) {
            return true;
        }
        return !constraints.skippedLayers().contains(module / 2)
                && !(constraints.attentionFixed() && spec instanceof AttentionSpec)
                && (units > 0 || constraints.minimumRetention() == 0)
                && units >= constraints.minimumRetention() * spec.units()
                && spec.features(units) % constraints.widthMultiple() == 0;
    }
}
