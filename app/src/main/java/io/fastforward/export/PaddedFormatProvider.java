package io.fastforward.export;

import io.fastforward.spi.Options;
import io.fastforward.spi.format.ModelFormat;

/** {@code hf-padded}: Hugging Face directories in the original shape. */
public final class PaddedFormatProvider implements ModelFormat.Provider {

    @Override
    public String id() {
        return "hf-padded";
    }

    @Override
    public String description() {
        return "Hugging Face directory in the original shape, filled up with zeros; loads everywhere and saves nothing";
    }

    @Override
    public ModelFormat create(Options options) {
        return HuggingFaceFormat.PADDED;
    }
}
