package io.fastforward.export;

import io.fastforward.spi.format.ModelFormat;
import io.fastforward.spi.format.ModelSource;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.testing.RandomLlama;

/** The padded form has other widths than it is given, which is no matter of this contract: {@link CheckpointVariantsTest}. */
class HuggingFaceFormatTest extends CheckpointFormatContract {

    @Override
    protected ModelFormat.Provider provider() {
        return new HuggingFaceFormatProvider();
    }

    @Override
    protected ModelSource source(DataType type) {
        RandomLlama model = new RandomLlama()
                .stored(type)
                .with("model_type", "\"fastforward_llama\"")
                .with("layer_head_num", "[6, 4]")
                .with("layer_kv_head_num", "[3, 2]")
                .with("layer_inter_size", "[10, 7]");
        return open(model, sourceDirectory());
    }
}
