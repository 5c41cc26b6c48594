package io.fastforward.spi.format;

import io.fastforward.spi.tensor.DataType;
import org.jspecify.annotations.Nullable;

/**
 * A user's wishes for what is written.
 *
 * @param dataType data type of the weights; null keeps each tensor's own
 * @param fileBytes most bytes of weights in a file, for formats that can have several
 */
public record WriteSettings(@Nullable DataType dataType, long fileBytes) {}
