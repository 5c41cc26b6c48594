package io.fastforward.export;

import io.fastforward.spi.Options;
import io.fastforward.spi.format.ModelFormat;

/** {@code hf}: Hugging Face directories with the layers' real widths. */
public final class HuggingFaceFormatProvider implements ModelFormat.Provider {

    @Override
    public String id() {
        return "hf";
    }

    @Override
    public String description() {
        return "Hugging Face directory with the real widths; transformers loads it with trust_remote_code=True";
    }

    @Override
    public ModelFormat create(Options options) {
        return HuggingFaceFormat.REAL_WIDTHS;
    }
}
