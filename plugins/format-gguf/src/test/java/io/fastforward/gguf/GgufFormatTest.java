package io.fastforward.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.spi.format.Demands;
import io.fastforward.spi.format.ModelFormat;
import io.fastforward.spi.format.ModelSource;
import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LearnedPositions;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.model.RotaryPositions;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.testkit.ModelFormatContract;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class GgufFormatTest extends ModelFormatContract {

    private static final Normalization NORMALIZATION = new Normalization(Normalization.Kind.RMS, 1e-5);
    private static final RotaryPositions ROTARY = new RotaryPositions(List.of(1.0, 0.01));

    @Override
    protected ModelFormat.Provider provider() {
        return new GgufFormatProvider();
    }

    @Override
    protected void addFiles(Path source) throws IOException {
        new ByteLevelTokenizer().write(source);
    }

    @Test
    void aTokenizerThatItCannotHoldIsSaidBeforehand() throws IOException {
        ModelSource source = source(DataType.F32);
        Files.writeString(source.directory().resolve("tokenizer.json"), "{}");
        assertThat(format().refusal(source))
                .hasValueSatisfying(reason -> assertThat(reason).contains("tokens of a text"));
    }

    @Test
    void valuesAndBiasesOfQueriesSayWhatIsToStay() {
        assertThat(format().demands(llama(attention(2, 4, false), 8))).isEqualTo(new Demands(1, false, true));
        assertThat(format().demands(llama(attention(2, 4, true), 8))).isEqualTo(new Demands(1, true, true));
        assertThat(quantized().demands(llama(attention(2, 4, true), 8))).isEqualTo(new Demands(32, true, true));
    }

    @Test
    void aModelThatIsNotBuiltAsLlamaIsRefused() {
        AttentionSpec attention = attention(2, 4, false);
        refused(llama(with(attention, null, NORMALIZATION), 8), "not built as LLaMA");
        Normalization layer = new Normalization(Normalization.Kind.LAYER, 1e-5);
        refused(llama(with(attention, ROTARY, layer), 8), "not built as LLaMA");
        Normalization after = new Normalization(Normalization.Kind.RMS, 1e-5, Normalization.Placement.AFTER);
        refused(llama(with(attention, ROTARY, after), 8), "not built as LLaMA");
        refused(model(List.of(new LayerSpec(attention, mlp(8, false))), null), "not built as LLaMA");
        refused(model(List.of(new LayerSpec(attention, mlp(8, true))), new LearnedPositions(2)), "not built as LLaMA");
        refused(
                model(
                        List.of(
                                new LayerSpec(attention, mlp(8, true)),
                                new LayerSpec(
                                        with(attention, new RotaryPositions(List.of(1.0, 0.02)), NORMALIZATION),
                                        mlp(8, true))),
                        null),
                "not built as LLaMA");
    }

    @Test
    void narrowValuesAreRefused() {
        refused(llama(attention(2, 3, false), 8), "narrower than its keys");
    }

    @Test
    void biasesOfQueriesThatAreNotAsManyAsTheHiddenStateAreRefused() {
        refused(llama(attention(1, 4, true), 8), "takes as many as the hidden state is wide: 8, not 4");
        assertThat(format().refusal(llama(attention(2, 4, true), 8), llama(attention(2, 4, true), 5)))
                .isEmpty();
    }

    @Test
    void aModelThatDoesNothingIsRefused() {
        refused(llama(attention(0, 0, false), 0), "none of its layers does anything");
    }

    @Test
    void widthsThatAreNoBlocksAreRefusedWhereThereAreBlocks() {
        ModelSpec spec = llama(attention(2, 4, false), 64);
        assertThat(quantized().refusal(spec, spec))
                .hasValueSatisfying(reason -> assertThat(reason).contains("8 inputs", "multiples"));
        assertThat(format().refusal(spec, spec)).isEmpty();
    }

    private void refused(ModelSpec spec, String words) {
        assertThat(format().refusal(spec, spec))
                .hasValueSatisfying(reason -> assertThat(reason).contains(words));
    }

    private ModelFormat quantized() {
        return provider().create(options(Map.of("quantization", "q8_0")));
    }

    private static ModelSpec llama(AttentionSpec attention, int channels) {
        return model(List.of(new LayerSpec(attention, mlp(channels, true))), null);
    }

    private static ModelSpec model(List<LayerSpec> layers, @Nullable LearnedPositions positions) {
        return new ModelSpec("some", Architecture.NAMES, 8, 8, 300, 64, positions, layers, NORMALIZATION, true);
    }

    private static AttentionSpec attention(int heads, int valueSize, boolean bias) {
        return new AttentionSpec(
                NORMALIZATION, 8, 4, valueSize, heads, 1, ROTARY, 0, bias, false, AttentionUnit.KV_GROUP);
    }

    private static AttentionSpec with(
            AttentionSpec attention, @Nullable RotaryPositions rotary, Normalization normalization) {
        return new AttentionSpec(normalization, 8, 4, attention.groups(), 1, rotary, 0, false, false);
    }

    private static MlpSpec mlp(int channels, boolean gated) {
        return new MlpSpec(NORMALIZATION, 8, channels, gated, Activation.SILU, false, false);
    }
}
