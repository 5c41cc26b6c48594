package io.fastforward.backend.cpu;

/** Something that a {@link HostBackend} handed out. */
interface HostObject {

    HostBackend owner();

    boolean isOpen();
}
