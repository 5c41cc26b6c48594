package io.fastforward.cli;

import io.fastforward.record.ModuleCurves;
import io.fastforward.report.ErrorCurveChart;
import io.fastforward.report.ErrorCurveChart.Curve;
import io.fastforward.report.UnitNames;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What the record of a run tells of its modules, for programs and for people.
 *
 * @param modules attention and MLP of each layer in turn
 */
record RunInspection(List<Module> modules) {

    /**
     * One module.
     *
     * @param layer counted from 0
     * @param module "attention" or "MLP"
     * @param unit what is removed of it
     * @param units how many it has
     * @param errors with none of them, the first one, and so on up to all
     * @param errorWithHalf with half of them
     * @param divergenceWithHalf of the model's predictions; null if it was not tried
     * @param kept how many the run's policy keeps; null as long as there is none
     */
    record Module(
            int layer,
            String module,
            String unit,
            int units,
            List<Double> errors,
            double errorWithHalf,
            @Nullable Double divergenceWithHalf,
            @Nullable Integer kept) {

        static Module of(Curve curve) {
            return new Module(
                    curve.layer(),
                    curve.module(),
                    curve.unit(),
                    curve.units(),
                    curve.errors(),
                    curve.errorWithHalf(),
                    curve.divergence().isEmpty() ? null : curve.divergence().getAsDouble(),
                    curve.kept().isEmpty() ? null : curve.kept().getAsInt());
        }
    }

    /** Reads a run directory and prints what it tells. */
    static void print(Path runDirectory, CommonOptions common) {
        ModuleCurves read = ModuleCurves.read(runDirectory);
        List<Curve> curves = IntStream.range(0, read.errors().size())
                .mapToObj(module -> curve(read, module))
                .toList();
        common.print(new RunInspection(curves.stream().map(Module::of).toList()), out -> print(curves, out));
    }

    private static Curve curve(ModuleCurves read, int module) {
        boolean attention = module % 2 == 0;
        return new Curve(
                module / 2,
                attention ? "attention" : "MLP",
                attention ? UnitNames.plural(read.unit()) : "channels",
                read.errors().get(module),
                read.divergences().isEmpty()
                        ? OptionalDouble.empty()
                        : OptionalDouble.of(read.divergences().get(module)),
                read.policy().isEmpty()
                        ? OptionalInt.empty()
                        : OptionalInt.of(read.policy().get().retained().get(module)));
    }

    private static void print(List<Curve> curves, PrintWriter out) {
        if (curves.isEmpty()) {
            out.println(
                    "This run has no error curves: they are measured before a search whose agent begins with what they"
                            + " tell");
            return;
        }
        ErrorCurveChart.lines(curves, Terminal.showsBlocks()).forEach(out::println);
    }
}
