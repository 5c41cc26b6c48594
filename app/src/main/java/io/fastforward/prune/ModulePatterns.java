package io.fastforward.prune;

import io.fastforward.spi.model.Policy;
import io.fastforward.spi.prune.Pattern;
import java.util.List;
import java.util.Optional;

/**
 * Which zeros every module gets: the same everywhere, or each a share of its own that has the same sparsity in the mean.
 *
 * @param asked what the user asked for
 * @param modules for each module, in the order of a {@link Policy}, the pattern of its maps, or nothing if it stays dense;
 *     empty: what was asked for, everywhere
 */
public record ModulePatterns(Pattern asked, List<Optional<Pattern>> modules) {

    /** Steps in which shares differ. Finer ones do not matter: a step of one of 64 modules is a few hundredths of a percent. */
    private static final int STEPS_OF_SHARE = 100;

    public ModulePatterns {
        modules = List.copyOf(modules);
    }

    /** One pattern for all. */
    public static ModulePatterns everywhere(Pattern pattern) {
        return new ModulePatterns(pattern, List.of());
    }

    /**
     * What a policy means.
     *
     * @param policy retained units of each module, of {@link #units}
     */
    public static ModulePatterns of(Pattern asked, Policy policy) {
        return new ModulePatterns(
                asked,
                policy.retained().stream().map(kept -> pattern(asked, kept)).toList());
    }

    /**
     * In how many steps a module that can have a pattern becomes dense: a hundredth of its weights each, or one of the
     * weights in every group.
     */
    public static int units(Pattern asked) {
        return switch (asked) {
            case Pattern.Share _ -> STEPS_OF_SHARE;
            case Pattern.Groups groups -> groups.size();
        };
    }

    /** Share of zeros that a pattern asks for. */
    public static double sparsity(Pattern asked) {
        return switch (asked) {
            case Pattern.Share share -> share.share();
            case Pattern.Groups groups -> 1 - (double) groups.others() / groups.size();
        };
    }

    private static Optional<Pattern> pattern(Pattern asked, int kept) {
        int units = units(asked);
        if (kept == units || kept == 0) { // none: a module that the model does not have
            return Optional.empty();
        }
        return Optional.of(
                switch (asked) {
                    case Pattern.Share _ -> new Pattern.Share((double) (units - kept) / units);
                    case Pattern.Groups _ -> new Pattern.Groups(kept, units);
                });
    }

    /** For people: the pattern of every module, "dense" if it has none; empty if all have what was asked for. */
    public List<String> names() {
        return modules.stream()
                .map(pattern -> pattern.map(Pattern::toString).orElse("dense"))
                .toList();
    }

    /** The pattern of a module's maps; nothing if they stay dense. */
    public Optional<Pattern> of(int module) {
        return modules.isEmpty() ? Optional.of(asked) : modules.get(module);
    }
}
