package io.fastforward.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Expects failures that are fit for a user. */
public final class Failures {

    private Failures() {}

    /** The code fails in the given way, and the one line that the user sees holds all of the given words. */
    public static void expect(FailureKind kind, ThrowingCallable code, String... words) {
        Failure failure = catchThrowableOfType(Failure.class, code);
        assertThat(failure).isNotNull();
        assertThat(failure.kind()).isEqualTo(kind);
        assertThat(failure).hasMessageContainingAll(words);
        assertThat(failure.getMessage()).doesNotContainPattern("\\R");
    }
}
