package io.fastforward.spi.backend;

/** A final normalisation and language-model head whose weights are on the device. */
public interface LoadedHead extends DeviceObject {
    /** Number of logits of a token. */
    int vocabulary();
}
