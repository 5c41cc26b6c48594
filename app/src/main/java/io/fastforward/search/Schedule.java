package io.fastforward.search;

/**
 * The two curricula of a search: towards the final sparsity and towards full fidelity, that is the number of windows
 * on which a candidate is evaluated. Both follow the progress u, which rises from 0 to 1 during the ramp:
 *
 * <ul>
 *   <li>sparsity σ(u) = σ₀ + (σ − σ₀) · (1 − (1 − u)³), soon close to the end;
 *   <li>fidelity ρ(u) = ρ₀ + (1 − ρ₀) · u³, long close to the start.
 * </ul>
 *
 * <p>Progress counts batches, so that all candidates of a batch are evaluated alike. The last batch is always at the
 * end of both curricula, even if it is the only one. Whoever makes a schedule has checked the ranges.
 *
 * @param kind which of the two curricula are on
 * @param ramp share of the batches during which u rises, in [0, 1)
 * @param initialSparsity σ₀, in (0, 1); the final sparsity if that is smaller
 * @param initialFidelity ρ₀, in (0, 1]
 */
public record Schedule(Kind kind, double ramp, double initialSparsity, double initialFidelity) {

    /** Both curricula, over the first half of the search. */
    public static final Schedule DEFAULT = new Schedule(Kind.BOTH, 0.5, 0.05, 0.05);

    /** Which curricula are on. */
    public enum Kind {
        NONE(false, false),
        SPARSITY(true, false),
        FIDELITY(false, true),
        BOTH(true, true);

        private final boolean sparsity;
        private final boolean fidelity;

        Kind(boolean sparsity, boolean fidelity) {
            this.sparsity = sparsity;
            this.fidelity = fidelity;
        }
    }

    /** The sparsity of a batch, counted from 0, on the way to the final one. */
    public double sparsity(int batch, int batches, double finalSparsity) {
        double u = progress(batch, batches);
        if (!kind.sparsity || u == 1) {
            return finalSparsity;
        }
        double first = Math.min(initialSparsity, finalSparsity);
        return first + (finalSparsity - first) * (1 - (1 - u) * (1 - u) * (1 - u));
    }

    /** On how many windows the candidates of a batch, counted from 0, are evaluated; at least 1. */
    public int windows(int batch, int batches, int allWindows) {
        double u = progress(batch, batches);
        if (!kind.fidelity || u == 1) {
            return allWindows;
        }
        double fidelity = initialFidelity + (1 - initialFidelity) * u * u * u;
        return (int) Math.ceil(fidelity * allWindows);
    }

    private double progress(int batch, int batches) {
        int rising = (int) (ramp * batches);
        return batch >= rising ? 1 : (double) batch / rising;
    }
}
