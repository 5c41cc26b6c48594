package io.fastforward.backend.tornado;

/** Something that a {@link TornadoBackend} handed out. */
interface OwnedObject {

    TornadoBackend owner();

    boolean isOpen();
}
