package io.fastforward.settings;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.json.StrictJson;
import io.fastforward.testing.Failures;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PruneSettingsTest {

    @Test
    void whatIsNotReplacedStaysAsItIs() {
        PruneSettings base = with("{'plugins': {'options': {'agent.batch': '5'}}, 'seed': 3}");
        PruneSettings settings =
                base.with(json("{'windows': {'reward': 32}, 'plugins': {'options': {'agent.clip': '0.1'}}}"), "a test");
        assertThat(settings.seed()).isEqualTo(3);
        assertThat(settings.plugins().options()).isEqualTo(Map.of("agent.batch", "5", "agent.clip", "0.1"));
        assertThat(settings.windows()).isEqualTo(new WindowSettings(0, 64, 32, 32, 0, 128, List.of()));
        assertThat(settings.windows().finalWindows()).isEqualTo(128);
        assertThat(settings.budget()).isEqualTo(BudgetSettings.DEFAULT);
    }

    @Test
    void whatIsPrintedCanBeRead() {
        PruneSettings settings = with("{'budget': {'keptLayers': [31, 0]}, 'export': {'dataType': 'F16'}}");
        assertThat(PruneSettings.DEFAULT.with(settings.toJson(), "a test")).isEqualTo(settings);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"window\": {}} | window",
                "{\"windows\": {\"rewards\": 3}} | windows/rewards",
                "{\"windows\": {\"reward\": 3.5}} | windows/reward",
                "{\"windows\": {\"reward\": null}} | windows/reward",
                "{\"windows\": 3} | windows",
                "{\"windows\": {\"length\": 1}} | <windows.length> must be at least 2, but is 1",
                "{\"windows\": {\"finalists\": 15}} | <windows.finalists> must be at least the <windows.reward>, 16",
                "{\"budget\": {\"sparsity\": 1}} | <budget.sparsity> must be between 0 and 1, both excluded",
                "{\"budget\": {\"minimumRetention\": -0.1}} | <budget.minimumRetention> must be from 0 to 1",
                "{\"budget\": {\"keptLayers\": [-1]}} | <budget.keptLayers> must be at least 0",
                "{\"search\": {\"ramp\": 1}} | <search.ramp> must be at least 0 and less than 1",
                "{\"search\": {\"mapping\": \"x\"}} | no policy mapping 'x'"
            })
    void everythingElseIsRefused(String overrides, String words) {
        Failures.expect(
                FailureKind.USAGE, () -> PruneSettings.DEFAULT.with(json(overrides), "a test"), "a test", words);
    }

    /** So that a message about any of them can be shown as an option. */
    @Test
    void everySettingHasAName() {
        assertThat(Arrays.stream(Setting.values()).map(Setting::path)).containsAll(paths("", defaults()));
    }

    private static List<String> paths(String path, ObjectNode settings) {
        List<String> paths = new ArrayList<>();
        for (Map.Entry<String, JsonNode> setting : settings.properties()) {
            String at = path + setting.getKey();
            if (setting.getValue() instanceof ObjectNode group && !at.equals(Setting.PLUGIN_OPTIONS.path())) {
                paths.addAll(paths(at + ".", group));
            } else {
                paths.add(at);
            }
        }
        return paths;
    }

    private static ObjectNode defaults() {
        return PruneSettings.DEFAULT.toJson();
    }

    private static PruneSettings with(String overrides) {
        return PruneSettings.DEFAULT.with(json(overrides), "a test");
    }

    private static ObjectNode json(String text) {
        try {
            return StrictJson.MAPPER.readValue(text.replace('\'', '"'), ObjectNode.class);
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }
}
