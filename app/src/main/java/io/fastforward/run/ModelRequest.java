package io.fastforward.run;

import io.fastforward.settings.PruneSettings;

/** What all that looks at a model in order to prune it is asked with. */
sealed interface ModelRequest permits PruneRequest, PlanRequest {

    /** What determines the result. */
    PruneSettings settings();

    /** What is read. */
    PruneRequest.Files files();

    /** What it may compute with. */
    Compute compute();
}
