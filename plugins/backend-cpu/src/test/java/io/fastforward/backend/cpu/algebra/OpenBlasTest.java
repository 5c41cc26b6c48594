package io.fastforward.backend.cpu.algebra;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class OpenBlasTest {

    @Test
    void theFirstCauseIsTold() {
        var first = new UnsatisfiedLinkError("cannot map the library");
        Throwable again = new NoClassDefFoundError("Could not initialize class")
                .initCause(new ExceptionInInitializerError(first));
        assertThat(OpenBlas.firstCause(again)).isSameAs(first);
        assertThat(OpenBlas.firstCause(first)).isSameAs(first);
    }
}
