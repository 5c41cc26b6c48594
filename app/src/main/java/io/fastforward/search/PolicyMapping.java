package io.fastforward.search;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.spi.model.Policy;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Turns raw scores into a policy that meets a sparsity exactly, in the sense of {@link Budget}, so that an agent need
 * not learn the budget. Pure.
 */
public sealed interface PolicyMapping permits ShiftMapping, HeadroomMapping {

    /** All mappings, the default first. */
    static List<PolicyMapping> all() {
        return List.of(new ShiftMapping(), new HeadroomMapping());
    }

    /**
     * The mapping of some name.
     *
     * @throws Failure if there is none
     */
    @JsonCreator
    static PolicyMapping byId(String id) {
        return all().stream()
                .filter(mapping -> mapping.id().equals(id))
                .findFirst()
                .orElseThrow(() -> FailureKind.USAGE.failure("there is no policy mapping '" + id + "'; there are "
                        + all().stream().map(PolicyMapping::id).collect(Collectors.joining(", "))));
    }

    /** The name by which a user asks for it. */
    @JsonValue
    String id();

    /**
     * The policy for some scores.
     *
     * @param scores one finite number a module; the higher, the more units it retains
     * @throws Failure if the sparsity is not in (0, 1), or no policy reaches it
     */
    Policy map(double[] scores, Budget budget, double sparsity);
}
