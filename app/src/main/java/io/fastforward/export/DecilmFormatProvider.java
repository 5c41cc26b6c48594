package io.fastforward.export;

import io.fastforward.spi.Options;
import io.fastforward.spi.format.ModelFormat;

/** {@code decilm}: directories for vLLM's DeciLM, with the MLP widths of each layer. */
public final class DecilmFormatProvider implements ModelFormat.Provider {

    @Override
    public String id() {
        return "decilm";
    }

    @Override
    public String description() {
        return "directory for vLLM (its DeciLM): an MLP width of each layer, in multiples of 256, and one number of heads"
                + " for all";
    }

    @Override
    public ModelFormat create(Options options) {
        return new DecilmFormat();
    }
}
