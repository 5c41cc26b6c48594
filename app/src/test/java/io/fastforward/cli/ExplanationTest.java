package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExplanationTest {

    @Test
    void failuresSpeakForThemselvesInOneLine() {
        Explanation explanation = Explanation.of(FailureKind.BAD_TEXT.failure("first\n  second\r\n"));
        assertThat(explanation).isEqualTo(new Explanation(FailureKind.BAD_TEXT, "first second"));
    }

    @Test
    void errorsOfTheMachineAreNoDefects() {
        assertThat(Explanation.of(new OutOfMemoryError("Java heap space")))
                .satisfies(e -> assertThat(e.kind()).isEqualTo(FailureKind.DEVICE))
                .satisfies(e -> assertThat(e.line()).contains("Java heap space", "-Xmx"));
        assertThat(Explanation.of(new UncheckedIOException(new IOException("Input/output error"))))
                .satisfies(e -> assertThat(e.kind()).isEqualTo(FailureKind.STORAGE))
                .satisfies(e -> assertThat(e.line()).contains("Input/output error"));
        assertThat(Explanation.of(new InternalError("a fault occurred in an unsafe memory access operation")))
                .satisfies(e -> assertThat(e.kind()).isEqualTo(FailureKind.STORAGE))
                .satisfies(e -> assertThat(e.line()).contains("cut off"));
    }

    /** There are several memories, and more of one does not help another. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "GC overhead limit exceeded | JAVA_TOOL_OPTIONS=-Xmx",
                "Requested array size exceeds VM limit | give a smaller one",
                "Required length exceeds implementation limit | give a smaller one",
                "Cannot reserve 10 bytes of direct buffer memory (allocated: 1, limit: 2) | -XX:MaxDirectMemorySize=",
                "Metaspace | -XX:MaxMetaspaceSize=",
                "unable to create native thread: possibly out of memory or process/resource limits reached | --threads",
                "Unable to allocate 34359738368 bytes | fewer or shorter windows",
                "the GPU is full | fewer or shorter windows"
            })
    void adviceFitsTheMemoryThatIsShort(String message, String advice) {
        assertThat(Explanation.of(new OutOfMemoryError(message)).line()).contains(message, advice);
    }

    @Test
    void aPathAloneIsNoReason() {
        var failure = new UncheckedIOException(new AccessDeniedException("/models/model.safetensors"));
        assertThat(Explanation.of(failure).line()).contains("permission denied");
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
