package io.fastforward.checkpoint;

import static io.fastforward.checkpoint.SafetensorsBytes.file;
import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.testing.Failures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Quantised weights are told from plain ones by the tensors that are there, under the names that the methods use. */
class ForeignWeightsTest {

    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            GPTQ               | gptq               | q.qweight:I32 q.qzeros:I32 q.scales:F16 q.g_idx:I32
            GPTQ               |                    | q.qweight:I32 q.qzeros:I32 q.scales:F16 q.g_idx:I32
            AWQ                | awq                | q.qweight:I32 q.qzeros:I32 q.scales:F16
            AWQ                |                    | q.qweight:I32 q.qzeros:I32 q.scales:F16
            'auto-round'       | auto-round         | q.qweight:I32 q.qzeros:I32 q.scales:F16
            bitsandbytes       | bitsandbytes       | q.weight:U8 q.weight.absmax:U8 q.weight.quant_map:F32 q.weight.quant_state.bitsandbytes__nf4:U8
            bitsandbytes       |                    | q.weight:I8 q.SCB:F32
            compressed-tensors | compressed-tensors | q.weight_packed:I32 q.weight_scale:BF16 q.weight_shape:I64
            compressed-tensors | compressed-tensors | q.weight:F8_E4M3 q.weight_scale:BF16
            FP8                | fp8                | q.weight:F8_E4M3 q.weight_scale_inv:F32
            FP8                |                    | q.weight:F8_E4M3 q.weight_scale:F32
            torchao            | torchao            | q._weight_qdata:I8 q._weight_scale:F32
            HQQ                | hqq                | q.W_q:U8 q.scale:F16
            Quanto             | quanto             | q.weight._data:I8 q.weight._scale:F16
            AQLM               | aqlm               | q.codes:I8 q.codebooks:F16 q.scales:F16
            MLX                |                    | q.weight:U32 q.scales:F16 q.biases:F16
            'bitnet'           | bitnet             | q.weight:U8 q.weight_scale:BF16
            """)
    void quantisedWeightsAreNamed(String title, String method, String tensors) throws IOException {
        write(config(method), tensors);
        Failures.expect(
                FailureKind.UNSUPPORTED_MODEL,
                () -> Checkpoint.open(directory),
                directory.toString(),
                "quantised with " + title + " (such as 'q.",
                "prune the model that it was made from");
    }

    @Test
    void adaptersThatWereNotMergedAreNamed() throws IOException {
        write("{}", "q.base_layer.weight:F32 q.lora_A.default.weight:F32 q.lora_B.default.weight:F32");
        Failures.expect(
                FailureKind.UNSUPPORTED_MODEL,
                () -> Checkpoint.open(directory),
                "LoRA adapters that were not merged",
                "merge_and_unload()");
    }

    /** Left over after weights were made plain again, or buffers that nobody needs. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            gptq         | q.weight:F16
            bitsandbytes | q.weight:BF16 rotary.inv_freq:F32
            fp8          | q.weight:BF16 q.weight_scale:F32 q.input_scale:F32
            gptq         | q.weight:F16 q.qweight:I32 q.scales:F16
                         | q.weight:F16 mask.weight:I64
                         | q.weight:F16 mask:BOOL
            """)
    void plainWeightsArePlain(String method, String tensors) throws IOException {
        write(config(method), tensors);
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            assertThat(checkpoint.contains("q.weight")).isTrue();
        }
    }

    private static String config(String method) {
        return method == null
                ? "{}"
                : "{\"quantization_config\":{\"quant_method\":\"%s\",\"bits\":4}}".formatted(method);
    }

    private void write(String config, String tensors) throws IOException {
        Files.writeString(directory.resolve("config.json"), config);
        StringBuilder header = new StringBuilder("{");
        int end = 0;
        for (String tensor : tensors.split(" ")) {
            int colon = tensor.lastIndexOf(':');
            StoredType type = StoredType.valueOf(tensor.substring(colon + 1));
            int begin = end;
            end += type.bits() / Byte.SIZE;
            header.append(header.length() == 1 ? "" : ",")
                    .append(SafetensorsBytes.entry(tensor.substring(0, colon), type.name(), "[1]", begin, end));
        }
        Files.write(
                directory.resolve("model.safetensors"), file(header.append('}').toString(), end));
    }
}
