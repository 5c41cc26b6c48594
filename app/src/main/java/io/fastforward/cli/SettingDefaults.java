package io.fastforward.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.fastforward.json.StrictJson;
import io.fastforward.settings.PruneSettings;
import io.fastforward.settings.ShareSearch;
import io.fastforward.settings.SparsifySettings;
import java.util.ArrayList;
import java.util.List;
import java.util.ListResourceBundle;
import java.util.Map;

/** The defaults of the settings, for the help: {@code ${bundle:default.windows.repair}}, {@code ${bundle:sparsify.refit}}. */
final class SettingDefaults extends ListResourceBundle {

    @Override
    protected Object[][] getContents() {
        List<Object[]> contents = new ArrayList<>();
        add(contents, "default", PruneSettings.DEFAULT.toJson());
        add(contents, "sparsify", SparsifySettings.DEFAULT.toJson());
        add(contents, "sparsify.search", StrictJson.MAPPER.valueToTree(ShareSearch.DEFAULT));
        return contents.toArray(Object[][]::new);
    }

    private static void add(List<Object[]> contents, String path, JsonNode settings) {
        for (Map.Entry<String, JsonNode> setting : settings.properties()) {
            String at = path + "." + setting.getKey();
            if (setting.getValue().isValueNode()) {
                contents.add(new Object[] {at, setting.getValue().asText()});
            } else {
                add(contents, at, setting.getValue());
            }
        }
    }
}
