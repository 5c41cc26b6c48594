package io.fastforward.gguf;

import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.Options;
import io.fastforward.spi.format.ModelFormat;
import java.util.List;

/** {@code gguf}: a file for llama.cpp. */
public final class GgufFormatProvider implements ModelFormat.Provider {

    private static final String QUANTIZATION = "quantization";
    private static final String NONE = "none";
    private static final String Q8_0 = "q8_0";

    @Override
    public String id() {
        return "gguf";
    }

    @Override
    public String description() {
        return "GGUF file with the real widths, for llama.cpp and what is built on it; LLaMA, Mistral and Qwen2";
    }

    @Override
    public List<OptionSpec> options() {
        return List.of(OptionSpec.oneOf(
                QUANTIZATION,
                "how matrices are stored: as the data type says, or as 8-bit numbers in blocks of 32 (llama.cpp's Q8_0)",
                NONE,
                List.of(NONE, Q8_0)));
    }

    @Override
    public ModelFormat create(Options options) {
        return new GgufFormat(options.text(QUANTIZATION).equals(Q8_0));
    }
}
