package io.fastforward.run.stage;

import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import java.util.function.Function;

/**
 * How fast a machine does what the stages of a run consist of, for one model. {@link SpeedProbe} measures it.
 *
 * @param forward passing layers, on what computes everything but candidates
 * @param candidates passing layers, on what evaluates candidates
 * @param gramSeconds for a token and one element of a Gram matrix, both triangles counted
 * @param crossSeconds for a token and one element of a cross Gram matrix
 * @param solvedSeconds for a multiply-add of linear algebra in double precision
 */
public record MachineSpeed(
        Forward forward, Forward candidates, double gramSeconds, double crossSeconds, double solvedSeconds) {

    /**
     * How fast tokens pass the layers, and the head behind them.
     *
     * @param attention a parameter of attention, its scores included
     * @param mlp a parameter of an MLP
     * @param headSeconds for a token whose likelihood is asked for
     */
    public record Forward(Pace attention, Pace mlp, double headSeconds) {

        /** Seconds for tokens that pass all layers of a model, in a number of calls. */
        double layers(ModelSpec spec, double tokens, double calls) {
            return attention.seconds(parameters(spec, LayerSpec::attention), tokens, calls)
                    + mlp.seconds(parameters(spec, LayerSpec::mlp), tokens, calls);
        }

        /** Seconds for loading all of its layers. */
        double loading(ModelSpec spec) {
            return attention.loadSeconds() * parameters(spec, LayerSpec::attention)
                    + mlp.loadSeconds() * parameters(spec, LayerSpec::mlp);
        }

        private static double parameters(ModelSpec spec, Function<LayerSpec, ModuleSpec> module) {
            return spec.layers().stream()
                    .map(module)
                    .mapToDouble(ModuleSpec::parameters)
                    .sum();
        }
    }

    /**
     * What a parameter takes of time.
     *
     * @param tokenSeconds for each token of many
     * @param callSeconds for a call, however few tokens it has
     * @param loadSeconds for loading it, from memory
     */
    public record Pace(double tokenSeconds, double callSeconds, double loadSeconds) {

        /** That of a module that does nothing. */
        static final Pace NOTHING = new Pace(0, 0, 0);

        double seconds(double parameters, double tokens, double calls) {
            return parameters * (tokens * tokenSeconds + calls * callSeconds);
        }
    }
}
