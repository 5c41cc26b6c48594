package io.fastforward.spi.model;

import java.util.List;

/**
 * A place in a model where units can be removed: a module of a layer.
 *
 * @param layer its layer, counted from 0
 * @param kind which of the layer's modules it is
 * @param units how many units it has
 * @param minimumUnits the fewest that the run's constraints leave it, maybe none; all of them if it is not to be pruned
 * @param unitParameters its cost: linear parameters, weights and biases, that go with each unit
 * @param fixedParameters linear parameters that go with the last unit alone
 * @param unitStep it retains its minimum, a multiple of this above that, or all units
 * @param unitScores what the criterion made of its units, descending: a policy that retains k of them retains the first k.
 *     A unit with several {@linkplain ModuleSpec#partsPerUnit() parts} scores their sum
 * @param errors what the module's output lacks if it retains none, the first one, the first two units and so on, up to all: mean
 *     over tokens of ‖error‖² ÷ ‖residual stream behind the module‖² after the best repair of the output map; falling. Empty if the
 *     run did not measure it
 */
public record Site(
        int layer,
        Kind kind,
        int units,
        int minimumUnits,
        long unitParameters,
        long fixedParameters,
        int unitStep,
        List<Double> unitScores,
        List<Double> errors) {

    /** The modules of a layer, in the order of a policy. */
    public enum Kind {
        ATTENTION,
        MLP
    }

    /** @throws IllegalArgumentException if it has not a score for each unit, or one is above the one before it */
    public Site {
        unitScores = List.copyOf(unitScores);
        errors = List.copyOf(errors);
        if (unitStep < 1 || (!errors.isEmpty() && errors.size() != units + 1)) {
            throw new IllegalArgumentException("a module of " + units
                    + " units has an error for none to all of them, and a step" + " of at least 1, but there are "
                    + errors.size() + " errors, and the step is " + unitStep);
        }
        if (unitScores.size() != units || minimumUnits < 0 || minimumUnits > units) {
            throw new IllegalArgumentException("a module of " + units
                    + " units has as many scores and retains from none to"
                    + " all of them, but there are " + unitScores.size() + " scores, and at least " + minimumUnits
                    + " are to stay");
        }
        for (int unit = 1; unit < units; unit++) {
            if (!(unitScores.get(unit) <= unitScores.get(unit - 1))) {
                throw new IllegalArgumentException("scores descend, but that of unit " + unit + " is "
                        + unitScores.get(unit) + " after " + unitScores.get(unit - 1));
            }
        }
    }

    /** Linear parameters of some units and of what belongs to none. */
    public long parameters(int some) {
        return some == 0 ? 0 : fixedParameters + some * unitParameters;
    }
}
