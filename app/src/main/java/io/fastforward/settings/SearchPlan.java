package io.fastforward.settings;

import io.fastforward.failure.Setting;
import io.fastforward.search.PolicyMapping;
import io.fastforward.search.Schedule;
import io.fastforward.search.SearchSettings;

/**
 * How a search goes about it.
 *
 * @param episodes number of candidates
 * @param finalists how many of the best are compared in the end
 * @param mapping from scores to policies
 * @param schedule which curricula are on
 * @param ramp share of the search during which they rise
 * @param prior what is known of good policies before the search
 * @param reward what candidates are rewarded for
 * @param rewardAfter what is done to a candidate before it is evaluated
 * @param race whether those that cannot win are dropped early when the best are compared in the end
 * @param uniformFinalist whether the uniform policy is compared with the best in the end, and may win
 * @param precision in what precision candidates are evaluated
 */
public record SearchPlan(
        int episodes,
        int finalists,
        PolicyMapping mapping,
        Schedule.Kind schedule,
        double ramp,
        Prior prior,
        RewardMix reward,
        RewardAfter rewardAfter,
        boolean race,
        boolean uniformFinalist,
        PrecisionChoice precision) {

    /** Most windows on which single modules are tried. An independent program found no gain in more, and half of them nearly as good. */
    public static final int PROBE_WINDOWS = 4;

    /** What is known of good policies before a search. */
    public enum Prior {
        /** Nothing. */
        NONE,
        /** The policy of the least error, as worked out from the modules' features alone. */
        CURVES,
        /** That, and what the model's predictions lose if one module after the other is pruned to half. */
        PROBES
    }

    /** What is done to a candidate before it is evaluated. */
    public enum RewardAfter {
        /** It is cut. */
        CUT,
        /** It is cut and repaired: what it is in the end, for the price of a repair. */
        REPAIR
    }

    /** What holds unless the user says otherwise. */
    public static final SearchPlan DEFAULT = new SearchPlan(
            300,
            8,
            PolicyMapping.all().getFirst(),
            Schedule.DEFAULT.kind(),
            Schedule.DEFAULT.ramp(),
            Prior.PROBES,
            RewardMix.PERPLEXITY,
            RewardAfter.CUT,
            true,
            true,
            PrecisionChoice.F32);

    /** The same for a search of something else than units, which knows nothing before, and repairs nothing. */
    public static final SearchPlan WITHOUT_PRIOR = new SearchPlan(
            DEFAULT.episodes(),
            DEFAULT.finalists(),
            DEFAULT.mapping(),
            DEFAULT.schedule(),
            DEFAULT.ramp(),
            Prior.NONE,
            RewardMix.PERPLEXITY,
            RewardAfter.CUT,
            DEFAULT.race(),
            DEFAULT.uniformFinalist(),
            DEFAULT.precision());

    /** The same with candidates that are evaluated after another step. */
    public SearchPlan evaluating(RewardAfter step) {
        return new SearchPlan(
                episodes, finalists, mapping, schedule, ramp, prior, reward, step, race, uniformFinalist, precision);
    }

    /** The same with candidates that are evaluated in some precision. */
    public SearchPlan evaluatingIn(PrecisionChoice other) {
        return new SearchPlan(
                episodes, finalists, mapping, schedule, ramp, prior, reward, rewardAfter, race, uniformFinalist, other);
    }

    public SearchPlan {
        Setting.EPISODES.requireAtLeast(1, episodes);
        Setting.FINALISTS.requireAtLeast(1, finalists);
        Setting.RAMP.require(ramp >= 0 && ramp < 1, "at least 0 and less than 1", ramp);
    }

    /**
     * What a search is told of this.
     *
     * @param sparsity what has to go
     * @param windows on how many candidates are compared
     */
    SearchSettings settings(double sparsity, WindowSettings windows, long seed) {
        return new SearchSettings(
                episodes,
                seed,
                sparsity,
                mapping,
                curricula(),
                windows.reward(),
                finalists,
                windows.finalWindows(),
                windows.choiceWindows(),
                race,
                uniformFinalist);
    }

    /** The curricula, which begin where they always do. */
    public Schedule curricula() {
        return new Schedule(schedule, ramp, Schedule.DEFAULT.initialSparsity(), Schedule.DEFAULT.initialFidelity());
    }
}
