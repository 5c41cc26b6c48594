package io.fastforward.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.checkpoint.FileHash;
import io.fastforward.model.Model;
import io.fastforward.nested.UnitRanking;
import io.fastforward.prune.ScoringPass.Wanted;
import io.fastforward.run.stage.MemoryPlan;
import io.fastforward.run.stage.RunWindows;
import io.fastforward.run.stage.StageNeed;
import io.fastforward.search.Budget;
import io.fastforward.settings.BudgetSettings;
import io.fastforward.spi.format.Demands;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.testing.DefaultPlugins;
import io.fastforward.testing.DemoModel;
import io.fastforward.tokenizer.TokenWindows;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What changes a key, and what does not. */
class StageKeysTest {

    private static final StageKeys KEYS =
            new StageKeys(List.of(hash("a")), "a device", "an algebra", Map.of("java", "25"));
    private static final TokenWindows WINDOWS = windows(1);
    private static final PluginIdentity WANDA = new PluginIdentity("wanda", Map.of("norm", "l1"), null);
    private static final Policy SMALL = new Policy(List.of(1, 2));
    private static final Policy LARGE = new Policy(List.of(2, 3));

    @Test
    void aRankingDependsOnWhatIsMeasuredAndByWhom() {
        assertThat(Stream.of(
                        ranking(KEYS, WANDA, wanted("wanda", SMALL), WINDOWS),
                        ranking(
                                new StageKeys(List.of(hash("b")), "a device", "an algebra", Map.of("java", "25")),
                                WANDA,
                                wanted("wanda", SMALL),
                                WINDOWS),
                        ranking(
                                new StageKeys(List.of(hash("a")), "another", "an algebra", Map.of("java", "25")),
                                WANDA,
                                wanted("wanda", SMALL),
                                WINDOWS),
                        ranking(
                                new StageKeys(List.of(hash("a")), "a device", "another", Map.of("java", "25")),
                                WANDA,
                                wanted("wanda", SMALL),
                                WINDOWS),
                        ranking(
                                new StageKeys(List.of(hash("a")), "a device", "an algebra", Map.of("java", "26")),
                                WANDA,
                                wanted("wanda", SMALL),
                                WINDOWS),
                        ranking(
                                KEYS,
                                new PluginIdentity("wanda", Map.of("norm", "l2"), null),
                                wanted("wanda", SMALL),
                                WINDOWS),
                        ranking(
                                KEYS,
                                new PluginIdentity("wanda", Map.of("norm", "l1"), "0123"),
                                wanted("wanda", SMALL),
                                WINDOWS),
                        ranking(KEYS, WANDA, wanted("wanda", SMALL), windows(2)),
                        ranking(
                                KEYS,
                                WANDA,
                                wanted("wanda", SMALL),
                                new TokenWindows(1, WINDOWS.tokens().length, WINDOWS.tokens())),
                        ranking(
                                KEYS,
                                WANDA,
                                new Wanted(DefaultPlugins.criterion("wanda"), SMALL, true, Optional.empty()),
                                WINDOWS),
                        ranking(KEYS, WANDA, withProbes(SMALL, 1), WINDOWS),
                        ranking(KEYS, WANDA, withProbes(SMALL, 2), WINDOWS),
                        KEYS.ranking(WANDA, AttentionUnit.KV_GROUP, wanted("wanda", SMALL), WINDOWS)
                                .hash()))
                .doesNotHaveDuplicates();
    }

    @Test
    void itDependsOnTheSizeOnlyIfTheCriterionDoes() {
        assertThat(ranking(KEYS, WANDA, wanted("wanda", SMALL), WINDOWS))
                .isEqualTo(ranking(KEYS, WANDA, wanted("wanda", LARGE), WINDOWS));
        assertThat(ranking(KEYS, WANDA, withProbes(SMALL, 1), WINDOWS))
                .isEqualTo(ranking(KEYS, WANDA, withProbes(LARGE, 1), WINDOWS));
        PluginIdentity spap = new PluginIdentity("spap", Map.of(), null);
        assertThat(ranking(KEYS, spap, wanted("spap", SMALL), WINDOWS))
                .isNotEqualTo(ranking(KEYS, spap, wanted("spap", LARGE), WINDOWS));
    }

    @Test
    void whoLooksAtNoTextDoesNotDependOnIt() {
        PluginIdentity magnitude = new PluginIdentity("magnitude", Map.of(), null);
        assertThat(ranking(KEYS, magnitude, wanted("magnitude", SMALL), windows(2)))
                .isEqualTo(ranking(KEYS, magnitude, wanted("magnitude", SMALL), WINDOWS));
        Wanted errors = new Wanted(DefaultPlugins.criterion("magnitude"), SMALL, true, Optional.empty());
        assertThat(ranking(KEYS, magnitude, errors, windows(2)))
                .isNotEqualTo(ranking(KEYS, magnitude, errors, WINDOWS));
    }

    @Test
    void figuresDependOnOrderTextsAndMemory() {
        try (Model model = Model.open(DemoModel.directory())) {
            ModelSpec spec = model.spec();
            Budget budget = BudgetSettings.DEFAULT.of(spec, Demands.NONE);
            RunPlan plan = plan(spec, budget, memory(true, 1), windows(1));
            UnitRanking first = new UnitRanking(List.of(List.of(0, 1)), List.of(), List.of(), List.of());
            UnitRanking second = new UnitRanking(List.of(List.of(1, 0)), List.of(), List.of(), List.of());
            Optional<FileHash> asked = Optional.of(hash("tasks"));
            assertThat(Stream.of(
                                    KEYS.dense(first, plan, Optional.empty(), 1),
                                    KEYS.dense(second, plan, Optional.empty(), 1),
                                    KEYS.dense(first, plan, asked, 1),
                                    KEYS.dense(first, plan, asked, 2),
                                    KEYS.dense(first, plan, Optional.of(hash("others")), 1),
                                    KEYS.dense(
                                            first,
                                            plan(spec, budget, memory(false, 1), windows(1)),
                                            Optional.empty(),
                                            1),
                                    KEYS.dense(
                                            first,
                                            plan(spec, budget, memory(true, 2), windows(1)),
                                            Optional.empty(),
                                            1),
                                    KEYS.dense(
                                            first,
                                            plan(spec, budget, memory(true, 1), windows(2)),
                                            Optional.empty(),
                                            1))
                            .map(key -> key.hash()))
                    .doesNotHaveDuplicates();
            UnitRanking scored = new UnitRanking(List.of(List.of(0, 1)), List.of(List.of(2.0)), List.of(), List.of());
            assertThat(KEYS.dense(scored, plan, Optional.empty(), 2).hash())
                    .as("scores and questions that are not asked")
                    .isEqualTo(KEYS.dense(first, plan, Optional.empty(), 1).hash());
        }
    }

    private static MemoryPlan memory(boolean resident, long limitBytes) {
        return new MemoryPlan(resident, true, StageNeed.NOTHING, 1, StageNeed.NOTHING, limitBytes);
    }

    private static RunPlan plan(ModelSpec spec, Budget budget, MemoryPlan memory, TokenWindows evaluation) {
        RunWindows windows = new RunWindows(WINDOWS, WINDOWS, WINDOWS, evaluation, false, 1, Map.of());
        return new RunPlan(
                spec,
                budget,
                Optional.empty(),
                Optional.empty(),
                memory,
                windows,
                Optional.empty(),
                List.of(),
                "cpu",
                List.of());
    }

    private static String ranking(StageKeys keys, PluginIdentity criterion, Wanted wanted, TokenWindows windows) {
        return keys.ranking(criterion, AttentionUnit.VALUE_CHANNEL, wanted, windows)
                .hash();
    }

    private static Wanted wanted(String criterion, Policy likely) {
        return Wanted.scores(DefaultPlugins.criterion(criterion), likely);
    }

    private static Wanted withProbes(Policy likely, int first) {
        return new Wanted(DefaultPlugins.criterion("wanda"), likely, true, Optional.of(windows(first)));
    }

    private static TokenWindows windows(int first) {
        return new TokenWindows(2, 1, new int[] {first, 7});
    }

    private static FileHash hash(String contents) {
        return new FileHash("file", 1, contents);
    }
}
