package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.junit.jupiter.api.Test;

class ExplanationTest {

    @Test
    void failuresSpeakForThemselvesInOneLine() {
        Explanation explanation = Explanation.of(new Failure(FailureKind.BAD_TEXT, "first\n  second\r\n"));
        assertThat(explanation).isEqualTo(new Explanation(FailureKind.BAD_TEXT, "first second"));
    }

    @Test
    void errorsOfTheMachineAreNoDefects() {
        assertThat(Explanation.of(new OutOfMemoryError("Java heap space")))
                .satisfies(e -> assertThat(e.kind()).isEqualTo(FailureKind.DEVICE))
                .satisfies(e -> assertThat(e.line()).contains("Java heap space", "fewer or shorter windows"));
        assertThat(Explanation.of(new UncheckedIOException(new IOException("Input/output error"))))
                .satisfies(e -> assertThat(e.kind()).isEqualTo(FailureKind.STORAGE))
                .satisfies(e -> assertThat(e.line()).contains("Input/output error"));
        assertThat(Explanation.of(new InternalError("a fault occurred in an unsafe memory access operation")))
                .satisfies(e -> assertThat(e.kind()).isEqualTo(FailureKind.STORAGE))
                .satisfies(e -> assertThat(e.line()).contains("cut off"));
    }

    @Test
    void theRestAreDefects() {
        assertThat(Explanation.of(new StackOverflowError()))
                .satisfies(e -> assertThat(e.kind()).isEqualTo(FailureKind.INTERNAL))
                .satisfies(e -> assertThat(e.line()).contains("defect", "StackOverflowError", "--verbose"));
        assertThat(Explanation.of(new IllegalStateException("two\nlines")))
                .satisfies(e -> assertThat(e.kind()).isEqualTo(FailureKind.INTERNAL))
                .satisfies(e -> assertThat(e.line()).contains("two lines"));
    }
}
