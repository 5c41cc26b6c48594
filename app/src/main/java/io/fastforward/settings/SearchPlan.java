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
 * @param uniformFinalist whether the uniform policy is compared with the best in the end, and may win
 */
public record SearchPlan(
        int episodes,
        int finalists,
        PolicyMapping mapping,
        Schedule.Kind schedule,
        double ramp,
        Prior prior,
        boolean uniformFinalist) {

    /** What is known of good policies before a search. */
    public enum Prior {
        /** Nothing. */
        NONE,
        /** The policy of the least error, as worked out from the modules' features alone. */
        CURVES
    }

    /** What holds unless the user says otherwise. */
    public static final SearchPlan DEFAULT = new SearchPlan(
            300,
            8,
            PolicyMapping.all().getFirst(),
            Schedule.DEFAULT.kind(),
            Schedule.DEFAULT.ramp(),
            Prior.CURVES,
            true);

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
                uniformFinalist);
    }

    /** The curricula, which begin where they always do. */
    public Schedule curricula() {
        return new Schedule(schedule, ramp, Schedule.DEFAULT.initialSparsity(), Schedule.DEFAULT.initialFidelity());
    }
}
