package io.fastforward.sparsifiers;

import io.fastforward.spi.prune.Sparsifier;
import io.fastforward.testkit.SparsifierContract;

class SparseGptTest extends SparsifierContract {

    @Override
    protected Sparsifier.Provider provider() {
        return new SparseGpt.Provider();
    }
}
