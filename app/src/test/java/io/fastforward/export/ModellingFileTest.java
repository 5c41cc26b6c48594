package io.fastforward.export;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModellingFileTest {

    @ParameterizedTest
    @CsvSource({"llama,Llama", "mistral,Mistral", "qwen2,Qwen2", "opt,OPT"})
    void namesTheClassesOfTheFamily(String family, String prefix) {
        String file = contents(family, prefix);
        assertThat(file)
                .contains("from transformers import " + prefix + "Config, " + prefix + "ForCausalLM")
                .contains("from transformers.models." + family + ".modeling_" + family + " import")
                .contains("\nclass FastForward" + prefix + "Config(" + prefix + "Config):")
                .contains("model_type = \"fastforward_" + family + "\"")
                .contains("\nclass FastForward" + prefix + "ForCausalLM(" + prefix + "ForCausalLM):")
                .doesNotContain("${");
    }

    private static String contents(String family, String prefix) {
        ObjectNode config = JsonNodeFactory.instance.objectNode().put("model_type", "fastforward_" + family);
        config.putArray("architectures").add("FastForward" + prefix + "ForCausalLM");
        return new String(
                ModellingFile.contents("modeling_fastforward_" + family + ".py", config), StandardCharsets.UTF_8);
    }
}
