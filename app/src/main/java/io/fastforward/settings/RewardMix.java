package io.fastforward.settings;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.failure.Setting;
import io.fastforward.spi.search.Workload.Measure;
import io.fastforward.spi.search.Workload.Objective;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What candidates of a search are rewarded for: one measure, or several with weights, written as {@code kl} or
 * {@code perplexity=2,accuracy=1}.
 *
 * @param weights positive, of at least one measure
 */
public record RewardMix(Map<Measure, Double> weights) {

    private static final Map<Measure, String> NAMES = new EnumMap<>(Map.of(
            Measure.NEGATIVE_LOG_LIKELIHOOD, "perplexity",
            Measure.DIVERGENCE, "kl",
            Measure.MARGIN, "margin",
            Measure.ERRORS, "accuracy"));

    /** Dense perplexity ÷ the candidate's: the paper's. */
    public static final RewardMix PERPLEXITY = parse("perplexity");

    public RewardMix {
        weights = Collections.unmodifiableMap(new EnumMap<>(weights));
    }

    /**
     * Reads one.
     *
     * @throws Failure of kind {@link FailureKind#USAGE} if it names no measure, one twice, or a weight that is not positive
     */
    @JsonCreator
    public static RewardMix parse(String text) {
        Map<Measure, Double> weights = new EnumMap<>(Measure.class);
        String[] terms = text.split(",", -1);
        for (String term : terms) {
            int equals = term.indexOf('=');
            String name = equals < 0 ? term : term.substring(0, equals);
            Measure measure = NAMES.entrySet().stream()
                    .filter(known -> known.getValue().equals(name))
                    .map(Map.Entry::getKey)
                    .findFirst()
                    .orElseThrow(() -> bad(text, "there is no measure '" + OneLine.of(name) + "'"));
            if (equals < 0 && terms.length > 1) {
                throw bad(text, name + " has no weight");
            }
            if (weights.put(measure, equals < 0 ? 1 : weight(text, term.substring(equals + 1))) != null) {
                throw bad(text, name + " is there twice");
            }
        }
        return new RewardMix(weights);
    }

    private static double weight(String text, String number) {
        try {
            double weight = Double.parseDouble(number);
            if (weight > 0 && weight < 1e9) {
                return weight;
            }
        } catch (NumberFormatException _) {
            // Said below.
        }
        throw bad(text, "the weight '" + OneLine.of(number) + "' is not a positive number");
    }

    private static Failure bad(String text, String reason) {
        return FailureKind.USAGE.failure(Setting.REWARD + " " + OneLine.of(text) + ": " + reason + "; there are "
                + String.join(", ", NAMES.values()) + ", alone or with weights, as in perplexity=2,accuracy=1");
    }

    /** Whether questions have to be asked for it. */
    public boolean asksQuestions() {
        return weights.containsKey(Measure.MARGIN) || weights.containsKey(Measure.ERRORS);
    }

    /** Whether tokens of a text have to be predicted for it. */
    public boolean readsText() {
        return comparesWithDense() || weights.containsKey(Measure.NEGATIVE_LOG_LIKELIHOOD);
    }

    /** Whether candidates are compared with the dense model token by token. */
    public boolean comparesWithDense() {
        return weights.containsKey(Measure.DIVERGENCE);
    }

    /** The loss that it stands for: weights count by their shares. */
    public Objective objective() {
        double sum = weights.values().stream().mapToDouble(Double::doubleValue).sum();
        return new Objective(weights.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, term -> term.getValue() / sum)));
    }

    /** As it is read. */
    @JsonValue
    @Override
    public String toString() {
        boolean alone = weights.size() == 1 && weights.containsValue(1.0);
        return weights.entrySet().stream()
                .map(term -> NAMES.get(term.getKey()) + (alone ? "" : "=" + term.getValue()))
                .collect(Collectors.joining(","));
    }
}
