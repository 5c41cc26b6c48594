package io.fastforward.search;

/**
 * What a search is going to take, as far as that is known before it begins. Candidates that turn out alike, which are evaluated
 * once, are counted as often as they are proposed.
 *
 * @param candidates evaluations of a candidate
 * @param windows that pass a candidate, all of them together
 * @param denseWindows that pass the dense model beside them
 */
public record ExpectedTrials(double candidates, double windows, double denseWindows) {

    /**
     * Share of all windows on which a finalist is compared: most races end, or have dropped most, at half of them.
     */
    private static final double RACED = 0.5;

    /**
     * Of a search with some agent.
     *
     * @param batchSize candidates that it proposes at a time
     * @param episodeLimit as many as it has to propose
     * @param prior policies that are known to be good before
     */
    public static ExpectedTrials of(SearchSettings settings, int batchSize, int episodeLimit, int prior) {
        int total = Math.min(settings.episodes(), episodeLimit);
        int uniform = settings.uniformFinalist() ? 1 : 0;
        if (settings.race() && total <= Math.min(settings.finalists(), batchSize)) {
            int compared = Math.max(total, prior) + uniform;
            return new ExpectedTrials(compared, (double) compared * settings.choiceWindows(), settings.choiceWindows());
        }
        int batches = Math.ceilDiv(total, batchSize);
        double searched = 0;
        double dense = 0;
        for (int batch = 0; batch < batches; batch++) {
            int windows = settings.schedule().windows(batch, batches, settings.windows());
            searched += (double) windows * Math.min(batchSize, total - batch * batchSize);
            dense += windows < settings.windows() ? windows : 0; // on windows of this batch alone
        }
        double compared = (settings.race() ? RACED : 1) * settings.finalistWindows();
        int beside = 1 + prior + uniform; // the agent's best guess is one
        double finals = settings.finalists() * Math.max(0, compared - settings.windows()) + beside * compared;
        return new ExpectedTrials(
                total + settings.finalists() + beside,
                searched + finals,
                dense + Math.max(settings.windows(), compared));
    }
}
