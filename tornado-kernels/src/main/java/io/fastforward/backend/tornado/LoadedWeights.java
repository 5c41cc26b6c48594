package io.fastforward.backend.tornado;

/** Weights on the device that a {@link TornadoBackend} handed out, until they are closed. */
abstract class LoadedWeights implements OwnedObject {

    private final TornadoBackend owner;
    private boolean open = true;

    LoadedWeights(TornadoBackend owner) {
        this.owner = owner;
    }

    @Override
    public final TornadoBackend owner() {
        return owner;
    }

    @Override
    public final boolean isOpen() {
        return open;
    }

    public final void close() {
        if (open) {
            open = false;
            release();
        }
    }

    /** Gives the memory back. Called once. */
    abstract void release();
}
