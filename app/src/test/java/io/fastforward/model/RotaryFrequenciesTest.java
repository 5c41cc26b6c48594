package io.fastforward.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fastforward.failure.FailureKind;
import io.fastforward.testing.Failures;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RotaryFrequenciesTest {

    private static final int CONTEXT = 64;

    private static final String LLAMA3 =
            "\"factor\":8,\"low_freq_factor\":1,\"high_freq_factor\":4," + "\"original_max_position_embeddings\":128";

    @Test
    void fallWithTheDimension() throws JsonProcessingException {
        assertThat(frequencies("{}", 4)).containsExactly(1.0, 0.01);
        assertThat(frequencies("{\"rope_theta\":16}", 8)).containsExactly(1.0, 0.5, 0.25, 0.125);
    }

    /** transformers 5 has one section for all; before, theta stood alone and the scaling had a section of its own. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"rope_parameters\":{\"rope_type\":\"linear\",\"rope_theta\":16,\"factor\":2}}",
                "{\"rope_theta\":16,\"rope_scaling\":{\"rope_type\":\"linear\",\"factor\":2}}",
                "{\"rope_theta\":16,\"rope_scaling\":{\"type\":\"linear\",\"factor\":2}}", // still older
                "{\"rope_theta\":16,\"rope_parameters\":{\"rope_type\":\"linear\",\"factor\":2}}",
                "{\"rope_theta\":16,\"rope_parameters\":null,\"rope_scaling\":{\"type\":\"linear\",\"factor\":2}}",
            })
    void areReadFromEitherLayout(String config) throws JsonProcessingException {
        assertThat(frequencies(config, 4)).containsExactly(0.5, 0.125);
    }

    /** Wavelengths 6, 40, 251, 1577, 9953: one is kept, one blended, the others are stretched. */
    @Test
    void areBlendedForLlama3() throws JsonProcessingException {
        List<Double> plain = frequencies("{}", 10);
        List<Double> scaled = frequencies("{\"rope_scaling\":{\"rope_type\":\"llama3\"," + LLAMA3 + "}}", 10);
        assertThat(scaled.get(0)).isEqualTo(plain.get(0));
        double wavelength = 2 * Math.PI / plain.get(1);
        double smooth = (128 / wavelength - 1) / (4 - 1);
        assertThat(smooth).isBetween(0.1, 0.9);
        assertThat(scaled.get(1)).isCloseTo(plain.get(1) * (smooth + (1 - smooth) / 8), within(1e-12));
        for (int i = 2; i < 5; i++) {
            assertThat(scaled.get(i)).isEqualTo(plain.get(i) / 8);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"factor", "low_freq_factor", "high_freq_factor"})
    void everyNumberOfAScalingMustBeThere(String key) {
        String without = LLAMA3.replace('"' + key + '"', "\"other\"");
        Failures.expect(
                FailureKind.BAD_CHECKPOINT,
                () -> frequencies("{\"rope_scaling\":{\"rope_type\":\"llama3\"," + without + "}}", 10),
                key,
                "missing");
    }

    /** As transformers 5.17 has it: null in the place that counts is an error and not the default. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"rope_theta\":null}",
                "{\"rope_theta\":null,\"rope_parameters\":{\"rope_type\":\"default\"}}",
                "{\"rope_theta\":null,\"rope_scaling\":{\"rope_type\":\"linear\",\"factor\":2}}",
                "{\"rope_theta\":16,\"rope_parameters\":{\"rope_type\":\"default\",\"rope_theta\":null}}",
            })
    void aThetaOfNullIsRefused(String config) {
        Failures.expect(FailureKind.BAD_CHECKPOINT, () -> frequencies(config, 4), "rope_theta", "null");
    }

    @Test
    void nullsThatDecideNothingAreRead() throws JsonProcessingException {
        String section = "{\"rope_theta\":16,\"partial_rotary_factor\":null}";
        String nulls = "\"rope_theta\":null,\"partial_rotary_factor\":null,\"original_max_position_embeddings\":null";
        assertThat(frequencies("{" + nulls + ",\"rope_parameters\":" + section + "}", 4))
                .containsExactly(1.0, 0.25);
    }

    /** What transformers 5.17 takes, by its configs of the same contents. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                // a section of the older form stands for all of the newer one, its θ included
                "'rope_scaling':{'type':'linear','factor':2},'rope_parameters':{'rope_theta':16} | 10000 | linear",
                "'rope_scaling':{'type':'linear','factor':2,'rope_theta':8},'rope_theta':16 | 8 | linear",
                "'rope_scaling':{'type':'linear','factor':2},'rope_theta':16,'rope_parameters':{'rope_theta':4} | 16 | linear",
                "'rope_scaling':{},'rope_parameters':{'rope_theta':16,'rope_type':'linear','factor':2} | 16 | linear",
                "'rope_theta':16,'rope_parameters':{'rope_theta':4,'rope_type':'default'} | 4 | default",
                "'rope_theta':16,'rope_parameters':{'rope_type':'default'} | 16 | default",
                "'rope_scaling':{'type':'linear','rope_type':'default','factor':2} | 10000 | default",
            })
    void whereFormsContradictEachOtherTransformersIsFollowed(String keys, double theta, String type)
            throws JsonProcessingException {
        RotarySettings settings = settings("{" + keys.replace('\'', '"') + "}");
        assertThat(settings.theta()).isEqualTo(theta);
        assertThat(settings.type()).isEqualTo(type);
    }

    @Test
    void theTrainedContextHasADefaultAndAnOverride() throws JsonProcessingException {
        String scaling = "'type':'llama3','factor':8,'low_freq_factor':1,'high_freq_factor':4".replace('\'', '"');
        String trained = "original_max_position_embeddings";
        assertThat(settings("{\"rope_scaling\":{" + scaling + "}}").number(trained))
                .isEqualTo(CONTEXT);
        assertThat(settings("{\"" + trained + "\":16,\"rope_scaling\":{" + scaling + ",\"" + trained + "\":32}}")
                        .number(trained))
                .isEqualTo(16);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"partial_rotary_factor\":0.5}",
                "{\"rope_parameters\":{\"partial_rotary_factor\":0.5}}",
                "{\"rope_parameters\":{\"full_attention\":{\"rope_theta\":16}}}",
            })
    void whatIsNotComputedIsRefused(String config) {
        Failures.expect(FailureKind.UNSUPPORTED_MODEL, () -> frequencies(config, 4), "config.json", "not supported");
    }

    @Test
    void anUnknownTypeListsTheKnownOnes() {
        Failures.expect(
                FailureKind.UNSUPPORTED_MODEL,
                () -> frequencies("{\"rope_parameters\":{\"rope_type\":\"yarn\",\"factor\":2}}", 4),
                "yarn",
                "default, linear, llama3");
    }

    private static List<Double> frequencies(String config, int headSize) throws JsonProcessingException {
        return RotaryFrequencies.of(settings(config), headSize).frequencies();
    }

    private static RotarySettings settings(String config) throws JsonProcessingException {
        return RotarySettings.read(new Config(new ObjectMapper().readTree(config)), CONTEXT);
    }
}
