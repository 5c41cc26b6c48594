package io.fastforward.backend.cpu;

import io.fastforward.spi.backend.LoadedHead;

/** A head loaded by a {@link HostBackend}. */
interface HostHead extends HostObject, LoadedHead {

    int hiddenSize();
}
