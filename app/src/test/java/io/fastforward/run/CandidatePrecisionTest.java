package io.fastforward.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.settings.PrecisionChoice;
import io.fastforward.spi.backend.Availability;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.Device;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.backend.PrecisionSupport;
import io.fastforward.testing.Failures;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CandidatePrecisionTest {

    private static final Device DEVICE = new Device("fake", "a fake", "host", 0, false, true);
    private static final PrecisionSupport FASTER = new PrecisionSupport(true, true, "twice as fast");
    private static final PrecisionSupport SLOWER = new PrecisionSupport(true, false, "half as fast");
    private static final PrecisionSupport NONE = PrecisionSupport.missing("no such instruction");

    private final List<String> closed = new ArrayList<>();

    /** A provider that supports what it is told, and whose backends do nothing but say what they were opened for. */
    private final class Fake implements ComputeBackend.Provider {

        private final PrecisionSupport support;

        Fake(PrecisionSupport support) {
            this.support = support;
        }

        @Override
        public String id() {
            return DEVICE.id();
        }

        @Override
        public String description() {
            return "for this test";
        }

        @Override
        public int priority() {
            return 0;
        }

        @Override
        public Availability probe() {
            return Availability.ready("fine");
        }

        @Override
        public PrecisionSupport support(String device, Precision precision) {
            return support;
        }

        @Override
        public ComputeBackend open(int threads) {
            return open(DEVICE.id(), threads, Precision.SINGLE);
        }

        @Override
        public ComputeBackend open(String device, int threads, Precision precision) {
            return (ComputeBackend) Proxy.newProxyInstance(
                    Fake.class.getClassLoader(), new Class<?>[] {ComputeBackend.class}, (proxy, method, arguments) -> {
                        if (method.getName().equals("close")) {
                            closed.add(precision.label());
                        }
                        return method.getName().equals("device") ? precision.label() + " of " + threads : null;
                    });
        }
    }

    private OpenDevice device(PrecisionSupport support) {
        Fake provider = new Fake(support);
        return new OpenDevice(provider, DEVICE, 3, provider.open(3));
    }

    @Test
    void autoTakesWhatIsFaster() {
        OpenDevice device = device(FASTER);
        try (CandidateBackend candidates = new CandidatePrecision(PrecisionChoice.AUTO, "").open(device)) {
            assertThat(candidates.precision()).isEqualTo(PrecisionChoice.BF16);
            assertThat(candidates.separate()).isTrue();
            assertThat(candidates.reason()).contains("bf16", "twice as fast");
            assertThat(candidates.deviceWith(device.backend())).isEqualTo("f32 of 3; candidates: bf16 of 3");
        }
        assertThat(closed).containsExactly("bf16");
        for (PrecisionSupport support : List.of(SLOWER, NONE)) {
            try (CandidateBackend candidates = new CandidatePrecision(PrecisionChoice.AUTO, "").open(device(support))) {
                assertThat(candidates.precision()).isEqualTo(PrecisionChoice.F32);
                assertThat(candidates.reason()).contains("f32", support.message());
            }
        }
        assertThat(closed).as("what computes everything else is not closed").containsExactly("bf16");
    }

    @Test
    void whatIsAskedForIsTakenOrRefused() {
        OpenDevice slower = device(SLOWER);
        try (CandidateBackend candidates = new CandidatePrecision(PrecisionChoice.BF16, "").open(slower)) {
            assertThat(candidates.precision()).isEqualTo(PrecisionChoice.BF16);
        }
        OpenDevice faster = device(FASTER);
        try (CandidateBackend candidates = new CandidatePrecision(PrecisionChoice.F32, "").open(faster)) {
            assertThat(candidates.backend()).isSameAs(faster.backend());
            assertThat(candidates.reason()).isEmpty();
            assertThat(candidates.deviceWith(faster.backend())).isEqualTo("f32 of 3");
        }
        Failures.expect(
                FailureKind.DEVICE,
                () -> new CandidatePrecision(PrecisionChoice.BF16, "").open(device(NONE)),
                "'fake'",
                "no such instruction",
                "<search.precision>");
    }

    @Test
    void candidatesThatCannotBeInAnotherPrecisionAreNot() {
        OpenDevice device = device(FASTER);
        try (CandidateBackend candidates =
                new CandidatePrecision(PrecisionChoice.AUTO, "they are repaired").open(device)) {
            assertThat(candidates.precision()).isEqualTo(PrecisionChoice.F32);
            assertThat(candidates.reason()).contains("they are repaired");
        }
        Failures.expect(
                FailureKind.USAGE,
                () -> new CandidatePrecision(PrecisionChoice.BF16, "they are repaired"),
                "they are repaired");
    }

    /** The answer of a busy machine may be another one, and users are not to blame. */
    @Test
    void aRunThatGoesOnKeepsWhatWasChosen() {
        CandidatePrecision auto = new CandidatePrecision(PrecisionChoice.AUTO, "");
        auto.goOn(PrecisionChoice.BF16);
        try (CandidateBackend candidates = auto.open(device(SLOWER))) {
            assertThat(candidates.precision()).isEqualTo(PrecisionChoice.BF16);
        }
        CandidatePrecision asked = new CandidatePrecision(PrecisionChoice.F32, "");
        asked.goOn(PrecisionChoice.BF16); // which the record will refuse
        try (CandidateBackend candidates = asked.open(device(FASTER))) {
            assertThat(candidates.precision()).isEqualTo(PrecisionChoice.F32);
        }
    }

    /** What a search has recorded on one device is worth nothing in another precision. */
    @ParameterizedTest
    @EnumSource
    void aDeviceThatTakesOverKeepsThePrecision(PrecisionChoice asked) {
        CandidatePrecision precision = new CandidatePrecision(asked, "");
        PrecisionChoice first;
        try (CandidateBackend candidates = precision.open(device(SLOWER))) {
            first = candidates.precision();
        }
        try (CandidateBackend candidates = precision.open(device(FASTER))) {
            assertThat(candidates.precision()).isEqualTo(first);
        }
    }
}
