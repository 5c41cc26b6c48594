package io.fastforward.agents;

import io.fastforward.spi.search.PolicyAgent;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Proximal policy optimisation (Schulman et al. 2017, clipped objective) of a single-step problem: the state is the
 * sparsity, the action one score a module, and every episode ends after it. The policy is a diagonal Gaussian whose
 * mean is a network of the state and whose log-deviations are parameters of their own; a critic of the same shape
 * predicts the reward.
 *
 * <p>All outcomes of a batch share their state, so one pass through each network serves the whole batch.
 */
final class PpoAgent implements PolicyAgent {

    static final String KIND = "ppo";

    private static final int[] HIDDEN_WIDTHS = {256, 256, 128};

    /**
     * The mean starts close to equal scores, that is to uniform pruning, instead of at a random preference that
     * exploration would have to undo (Andrychowicz et al. 2021, section 3.2).
     */
    private static final double LAST_LAYER_FACTOR = 0.01;

    /** e^±20 is beyond every clip and far from overflow. */
    private static final double LARGEST_LOG_RATIO = 20;

    private final int modules;

    /** Scores around which it searches: those of the prior, or equal ones. */
    private final double[] start;

    private final PpoSettings settings;
    private final Network actor;
    private final Network critic;

    /** Of the actor, then one log-deviation a module, then of the critic. */
    final double[] parameters;

    final int firstLogDeviation;
    private final Adam adam;
    private final BatchStreams streams;

    PpoAgent(Start start, long seed, PpoSettings settings) {
        this.start = start.scores();
        this.modules = this.start.length;
        this.settings = settings;
        streams = new BatchStreams(seed);
        actor = new Network(0, widths(modules));
        firstLogDeviation = actor.parameterCount();
        critic = new Network(firstLogDeviation + modules, widths(1));
        parameters = new double[firstLogDeviation + modules + critic.parameterCount()];
        adam = new Adam(parameters.length);

        SplittableRandom random = new SplittableRandom(~seed); // not among the streams of batches
        actor.initialize(parameters, random, LAST_LAYER_FACTOR);
        Arrays.fill(parameters, firstLogDeviation, firstLogDeviation + modules, Math.log(start.deviation()));
        critic.initialize(parameters, random, 1);
    }

    private static int[] widths(int outputs) {
        return new int[] {1, HIDDEN_WIDTHS[0], HIDDEN_WIDTHS[1], HIDDEN_WIDTHS[2], outputs};
    }

    @Override
    public int batchSize() {
        return settings.batchSize();
    }

    @Override
    public List<double[]> propose(int count, double sparsity) {
        SplittableRandom random = streams.next();
        double[] mean = mean(sparsity);
        return IntStream.range(0, count)
                .mapToObj(proposal -> IntStream.range(0, modules)
                        .mapToDouble(module -> mean[module] + deviation(module) * random.nextGaussian())
                        .toArray())
                .toList();
    }

    @Override
    public double[] best(double sparsity) {
        return mean(sparsity);
    }

    private double[] mean(double sparsity) {
        double[] mean = actor.forward(parameters, sparsity).clone();
        for (int module = 0; module < modules; module++) {
            mean[module] += start[module];
        }
        return mean;
    }

    @Override
    public void observe(List<Outcome> outcomes) {
        double sparsity = outcomes.getFirst().sparsity();
        for (Outcome outcome : outcomes) {
            if (outcome.sparsity() != sparsity || outcome.scores().length != modules) {
                throw new IllegalArgumentException("the outcomes of a batch share the sparsity " + sparsity
                        + " and have " + modules + " scores each, but one has " + outcome.sparsity() + " and "
                        + outcome.scores().length);
            }
        }
        double[] rewards = Advantages.rewards(outcomes);
        double oldValue = value(sparsity);
        double[] advantages = switch (settings.advantage()) {
            case REWARD -> Advantages.normalized(rewards, oldValue);
            case RANK -> Advantages.normalized(Advantages.ranks(rewards), 0);
        };
        double[] oldLogProbabilities = logProbabilities(outcomes, mean(sparsity));
        for (int epoch = 0; epoch < settings.epochs(); epoch++) {
            double[] gradient = new double[parameters.length];
            addPolicyGradient(outcomes, advantages, oldLogProbabilities, gradient);
            addValueGradient(sparsity, rewards, oldValue, gradient);
            limitNorm(gradient);
            adam.step(parameters, gradient, settings.learningRate());
        }
    }

    /** Logarithms of the proposals' densities, without the constant, which cancels in every ratio. */
    double[] logProbabilities(List<Outcome> outcomes, double[] mean) {
        double[] logProbabilities = new double[outcomes.size()];
        for (int i = 0; i < logProbabilities.length; i++) {
            double[] scores = outcomes.get(i).scores();
            for (int module = 0; module < modules; module++) {
                double distance = (scores[module] - mean[module]) / deviation(module);
                logProbabilities[i] -= distance * distance / 2 + parameters[firstLogDeviation + module];
            }
        }
        return logProbabilities;
    }

    /** Gradient of −mean(min(ratio · advantage, clip(ratio) · advantage)) − entropy bonus · entropy. */
    void addPolicyGradient(
            List<Outcome> outcomes, double[] advantages, double[] oldLogProbabilities, double[] gradient) {
        double[] mean = mean(outcomes.getFirst().sparsity()); // also passes forward for the way back
        double[] logProbabilities = logProbabilities(outcomes, mean);
        double[] meanGradient = new double[modules];
        for (int i = 0; i < advantages.length; i++) {
            double logRatio = logProbabilities[i] - oldLogProbabilities[i];
            double ratio = Math.exp(Math.clamp(logRatio, -LARGEST_LOG_RATIO, LARGEST_LOG_RATIO));
            boolean clipped = advantages[i] > 0 ? ratio > 1 + settings.clip() : ratio < 1 - settings.clip();
            if (clipped) {
                continue;
            }
            double weight = -advantages[i] * ratio / advantages.length; // d loss / d log-probability
            double[] scores = outcomes.get(i).scores();
            for (int module = 0; module < modules; module++) {
                double deviation = deviation(module);
                double distance = (scores[module] - mean[module]) / deviation;
                meanGradient[module] += weight * distance / deviation;
                gradient[firstLogDeviation + module] += weight * (distance * distance - 1);
            }
        }
        for (int module = 0; module < modules; module++) {
            gradient[firstLogDeviation + module] -= settings.entropyBonus();
        }
        actor.backward(parameters, meanGradient, gradient);
    }

    /** Gradient of value weight · mean(max((value − reward)², (value within ± clip of the old one − reward)²)). */
    void addValueGradient(double sparsity, double[] rewards, double oldValue, double[] gradient) {
        double value = value(sparsity);
        double clippedValue = Math.clamp(value, oldValue - settings.clip(), oldValue + settings.clip());
        double valueGradient = 0;
        for (double reward : rewards) {
            boolean flat = Math.abs(clippedValue - reward) > Math.abs(value - reward); // the clipped term is constant
            if (!flat) {
                valueGradient += settings.valueWeight() * 2 * (value - reward) / rewards.length;
            }
        }
        critic.backward(parameters, new double[] {valueGradient}, gradient);
    }

    private void limitNorm(double[] gradient) {
        double sum = 0;
        for (double component : gradient) {
            sum += component * component;
        }
        double norm = Math.sqrt(sum);
        if (norm > settings.gradientNorm()) {
            double factor = settings.gradientNorm() / norm;
            for (int i = 0; i < gradient.length; i++) {
                gradient[i] *= factor;
            }
        }
    }

    /** The reward that the critic expects. */
    double value(double sparsity) {
        return critic.forward(parameters, sparsity)[0];
    }

    private double deviation(int module) {
        return Math.exp(parameters[firstLogDeviation + module]);
    }

    private int stateBytes() {
        return BatchStreams.STATE_BYTES + parameters.length * Double.BYTES + adam.stateBytes();
    }

    @Override
    public byte[] save() {
        ByteBuffer content = ByteBuffer.allocate(stateBytes());
        streams.write(content);
        adam.write(content);
        content.asDoubleBuffer().put(parameters);
        return SavedState.seal(KIND, modules, content);
    }

    @Override
    public void restore(byte[] state) {
        ByteBuffer content = SavedState.open(state, KIND, modules, stateBytes());
        streams.read(content);
        adam.read(content);
        content.asDoubleBuffer().get(parameters);
    }
}
