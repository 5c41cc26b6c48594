package io.fastforward.calibrators;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Tap;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.NormWeights;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.Calibrator.Repair;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testkit.CalibratorContract;
import io.fastforward.testkit.PlainLinearAlgebra;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SpapTest extends CalibratorContract {

    private static final int HIDDEN = 5;
    private static final int CHANNELS = 17;
    private static final int KEPT = 9;

    @Override
    protected Calibrator.Provider provider() {
        return new Spap.Provider();
    }

    private static MlpSpec spec(boolean gated, boolean bias) {
        return new MlpSpec(
                new Normalization(Normalization.Kind.RMS, 1e-5),
                HIDDEN,
                CHANNELS,
                gated,
                gated ? Activation.SILU : Activation.RELU,
                bias,
                bias);
    }

    static Stream<Arguments> modules() {
        return Stream.of(
                Arguments.of(spec(true, false), 0.0, false),
                Arguments.of(spec(true, true), 0.1, false),
                Arguments.of(spec(true, true), 0.1, true),
                Arguments.of(spec(false, false), 0.1, false),
                Arguments.of(spec(false, true), 0.0, false),
                Arguments.of(spec(false, true), 0.1, true));
    }

    private Sample sample(MlpSpec spec, double drift, boolean residual) {
        ModuleWeights weights = ModuleWeights.ofMlp(
                new NormWeights(weights(1, HIDDEN), null),
                spec.gated() ? map(CHANNELS, HIDDEN, spec.inputBias()) : null,
                map(CHANNELS, HIDDEN, spec.inputBias()),
                map(HIDDEN, CHANNELS, spec.outputBias()));
        return sample(spec, weights, KEPT, 700, drift, residual); // more tokens than a block has rows
    }

    private Linear map(int rows, int columns, boolean bias) {
        return new Linear(weights(rows, columns), bias ? weights(1, rows) : null);
    }

    /** ‖output − wanted‖² ÷ ‖wanted‖², the bias of the output map left out, of a repaired module. */
    private static double relativeError(Sample sample, Map<MapRole, Linear> replaced) {
        MlpSpec spec = ((MlpSpec) sample.module().spec()).withUnits(sample.kept());
        ModuleWeights weights = sample.module().weights().with(replaced);
        double error = 0;
        double wantedSquares = 0;
        for (int t = 0; t < sample.input().length; t++) {
            double[] features = features(spec, weights, sample.input()[t]);
            for (int i = 0; i < HIDDEN; i++) {
                double output = 0;
                double wanted = sample.residual()[t][i];
                for (int j = 0; j < spec.channels(); j++) {
                    output += weights.output().weight().get(i, j) * features[j];
                }
                for (int j = 0; j < CHANNELS; j++) {
                    wanted += sample.map().weight().get(i, j) * sample.dense()[t][j];
                }
                error += (output - wanted) * (output - wanted);
                wantedSquares += wanted * wanted;
            }
        }
        return error / wantedSquares;
    }

    @ParameterizedTest
    @MethodSource("modules")
    void everyRoundLowersTheErrorAndSaysWhatItIs(MlpSpec spec, double drift, boolean residual) {
        Sample sample = sample(spec, drift, residual);
        double last =
                relativeError(sample, repair(sample, Map.of("rounds", "0")).replaced());
        double ridge = last;
        for (String rounds : new String[] {"1", "2", "3"}) {
            Repair repair = repair(sample, Map.of("rounds", rounds));
            double error = relativeError(sample, repair.replaced());
            assertThat(error).isLessThan(last * (1 + 1e-6));
            // The maps are rounded to single precision after their error was worked out.
            assertThat(repair.relativeError()).isCloseTo(error, within(1e-5 * error + 1e-9));
            last = error;
        }
        assertThat(last).isLessThan(0.9 * ridge);
    }

    @ParameterizedTest
    @MethodSource("modules")
    void theGateHelpsWhereThereIsOne(MlpSpec spec, double drift, boolean residual) {
        Sample sample = sample(spec, drift, residual);
        Repair without = repair(sample);
        Repair with = repair(sample, Map.of("gate", "true"));
        if (spec.gated()) {
            assertThat(with.relativeError()).isLessThan(without.relativeError());
            assertThat(with.replaced()).containsOnlyKeys(MapRole.GATE, MapRole.UP, MapRole.MLP_OUTPUT);
        } else {
            assertThat(with.relativeError()).isEqualTo(without.relativeError());
        }
        assertThat(without.replaced()).containsOnlyKeys(MapRole.UP, MapRole.MLP_OUTPUT);
    }

    @ParameterizedTest
    @MethodSource("modules")
    void theOutputBiasPassesThrough(MlpSpec spec, double drift, boolean residual) {
        Sample sample = sample(spec, drift, residual);
        Matrix bias = output(repair(sample)).bias();
        if (spec.outputBias()) {
            assertThat(numbers(requireNonNull(bias)))
                    .containsExactly(numbers(requireNonNull(sample.map().bias())));
        } else {
            assertThat(bias).isNull();
        }
    }

    /**
     * With as many conjugate gradients as there are numbers, a step is the least squares solution over all of them at once: that of
     * equations with a row and a column for each, made of what a token's output does when one weight moves.
     */
    @ParameterizedTest
    @MethodSource("modules")
    void aStepIsTheLeastSquaresSolutionOverAllWeightsOfAMap(MlpSpec spec, double drift, boolean residual) {
        Sample sample = sample(spec, drift, residual);
        PlainLinearAlgebra algebra = new PlainLinearAlgebra();
        MlpMaps maps = new MlpMaps(spec.withUnits(KEPT), sample.module().weights(), algebra, arena);
        maps.setDown(sample.map().weight().leadingColumns(KEPT));
        TokenBlocks tokens = new TokenBlocks(sample.module(), spec, workbench(sample), arena);
        for (MapRole role : spec.gated() ? new MapRole[] {MapRole.UP, MapRole.GATE} : new MapRole[] {MapRole.UP}) {
            MapStep found = MapStep.find(role, 1000, maps, tokens, algebra, arena);
            double[] expected = leastSquares(sample, role);
            DoubleMatrix step = found.step();
            double largest = 0;
            for (double number : expected) {
                largest = Math.max(largest, Math.abs(number));
            }
            assertThat(largest).isGreaterThan(1e-3);
            for (int i = 0; i < step.rows(); i++) {
                for (int j = 0; j < KEPT; j++) {
                    assertThat(step.get(i, j)).isCloseTo(expected[i * KEPT + j], within(1e-7 * largest));
                }
            }
        }
    }

    /** The input in single precision, and a one if there are biases. */
    private static double[] seen(Sample sample, int token) {
        boolean bias = ((MlpSpec) sample.module().spec()).inputBias();
        double[] seen = new double[HIDDEN + (bias ? 1 : 0)];
        seen[seen.length - 1] = 1;
        for (int i = 0; i < HIDDEN; i++) {
            seen[i] = (float) sample.input()[token][i];
        }
        return seen;
    }

    private static double[] leastSquares(Sample sample, MapRole role) {
        MlpSpec spec = ((MlpSpec) sample.module().spec()).withUnits(KEPT);
        ModuleWeights weights = sample.module().weights();
        Matrix down = sample.map().weight();
        int inputs = seen(sample, 0).length;
        int numbers = inputs * KEPT;
        double[][] system = new double[numbers][numbers + 1];
        for (int t = 0; t < sample.input().length; t++) {
            double[] x = seen(sample, t);
            double[] features = features(spec, weights, sample.input()[t]);
            double[] slopes = slopes(spec, weights, role, sample.input()[t]);
            for (int output = 0; output < HIDDEN; output++) {
                double lacking = (float) sample.residual()[t][output];
                for (int j = 0; j < CHANNELS; j++) {
                    lacking += down.get(output, j) * (double) (float) sample.dense()[t][j];
                }
                for (int j = 0; j < KEPT; j++) {
                    lacking -= down.get(output, j) * features[j];
                }
                double[] moves = new double[numbers];
                for (int i = 0; i < inputs; i++) {
                    for (int j = 0; j < KEPT; j++) {
                        moves[i * KEPT + j] = down.get(output, j) * slopes[j] * x[i];
                    }
                }
                for (int k = 0; k < numbers; k++) {
                    for (int l = 0; l < numbers; l++) {
                        system[k][l] += moves[k] * moves[l];
                    }
                    system[k][numbers] += moves[k] * lacking;
                }
            }
        }
        double diagonal = 0;
        for (int k = 0; k < numbers; k++) {
            diagonal += system[k][k] / numbers;
        }
        for (int k = 0; k < numbers; k++) {
            system[k][k] += 1e-3 * diagonal;
        }
        NormalEquations.eliminate(system);
        return Stream.of(system).mapToDouble(row -> row[numbers]).toArray();
    }

    /** How the features move with what a map puts out: by differences, where that is exact enough. */
    private static double[] slopes(MlpSpec spec, ModuleWeights weights, MapRole role, double[] input) {
        double[] slopes = new double[spec.channels()];
        for (int j = 0; j < slopes.length; j++) {
            double up = image(weights.map(MapRole.UP), j, input);
            if (spec.gated()) {
                double gate = image(weights.map(MapRole.GATE), j, input);
                double sigmoid = 1 / (1 + Math.exp(-gate));
                slopes[j] = role == MapRole.UP ? gate * sigmoid : up * (sigmoid + gate * sigmoid * (1 - sigmoid));
            } else {
                slopes[j] = up > 0 ? 1 : 0;
            }
        }
        return slopes;
    }

    @Test
    void deadChannelsStayAsTheyAre() {
        MlpSpec spec = spec(false, true);
        Sample sample = sample(spec, 0, false);
        Matrix bias = requireNonNull(sample.module().weights().map(MapRole.UP).bias());
        bias.set(0, 2, -1e6f); // never active
        Sample dead = sample(spec, sample.module().weights(), KEPT, 300, 0, false);
        Linear up = requireNonNull(repair(dead).replaced().get(MapRole.UP));
        for (int i = 0; i < HIDDEN; i++) {
            assertThat(up.weight().get(2, i))
                    .isEqualTo(
                            sample.module().weights().map(MapRole.UP).weight().get(2, i));
        }
        assertThat(requireNonNull(up.bias()).get(0, 2)).isEqualTo(-1e6f);
    }

    @Test
    void whatIterationsLookAtIsWishedFor() {
        assertThat(calibrator().iterates()).isTrue();
        assertThat(calibrator().wishes()).extracting(Wish::tap).contains(Tap.INPUT, Tap.FEATURES, Tap.RESIDUAL);
        assertThat(calibrator().wishes()).contains(Wish.residual(Moment.CROSS_GRAM));
    }
}
