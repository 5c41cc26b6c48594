package io.fastforward.backend.cpu.algebra;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.testkit.LinearAlgebraContract;

class PlainLinearAlgebraTest extends LinearAlgebraContract {

    @Override
    protected LinearAlgebra.Provider provider() {
        return new PlainLinearAlgebraProvider();
    }
}
