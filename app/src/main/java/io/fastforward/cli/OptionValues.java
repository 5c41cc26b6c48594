package io.fastforward.cli;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Options of plugins, as a user writes them: {@code KIND.NAME=VALUE}. */
final class OptionValues {

    private OptionValues() {}

    /**
     * Reads them.
     *
     * @return values by {@code KIND.NAME}
     * @throws Failure if one is written in another way, or given twice
     */
    static Map<String, String> of(List<String> options) {
        Map<String, String> values = new HashMap<>();
        for (String option : options) {
            int equals = option.indexOf('=');
            if (equals < 1) {
                throw usage(option + ": expected KIND.NAME=VALUE, such as agent.learning-rate=3e-4");
            }
            String name = option.substring(0, equals);
            if (values.put(name, option.substring(equals + 1)) != null) {
                throw usage(name + " should be specified only once");
            }
        }
        return values;
    }

    private static Failure usage(String problem) {
        return FailureKind.USAGE.failure(Setting.PLUGIN_OPTIONS + " " + problem);
    }
}
