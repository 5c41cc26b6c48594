package io.fastforward.calibrators;

/** What the penalty of a regression pulls the kept weights towards, and what it is relative to. */
enum Prior {
    /** The weights that they had; λ is relative to the mean square of the kept features. */
    KEPT_WEIGHTS,
    /** Zero; λ is relative to the mean square of all features, removed ones included. */
    ZERO
}
