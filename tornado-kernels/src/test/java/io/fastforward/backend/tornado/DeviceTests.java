package io.fastforward.backend.tornado;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.platform.engine.discovery.ClassSelector;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/** Runs the tests of a device without Maven, on a machine that has nothing but the device. See {@code scripts/bench/gpu}. */
final class DeviceTests {

    private static final int FAILURES_SHOWN = 10;

    private DeviceTests() {}

    /** Argument: "kernels" for each kernel by itself, "contract" for what a backend promises, "all" for both. */
    public static void main(String[] arguments) {
        List<ClassSelector> kernels = List.of(
                selectClass(SdkKernelTest.class),
                selectClass(SdkWeightPackingTest.class),
                selectClass(SdkSequenceTest.class),
                selectClass(RetentionTest.class));
        List<ClassSelector> contract =
                List.of(selectClass(SdkContractTest.class), selectClass(SdkBfloat16ContractTest.class));
        List<ClassSelector> tests = switch (arguments[0]) {
            case "kernels" -> kernels;
            case "contract" -> contract;
            case "all" -> Stream.of(kernels, contract).flatMap(List::stream).toList();
            default -> throw new IllegalArgumentException("unknown tests " + arguments[0]);
        };
        long failed = 0;
        for (ClassSelector test : tests) {
            failed += failures(test);
        }
        System.exit(failed == 0 ? 0 : 1);
    }

    /** Runs a class and says at once how that went: all of them take minutes. A class that ran nothing has failed. */
    private static long failures(ClassSelector test) {
        var listener = new SummaryGeneratingListener();
        LauncherFactory.create()
                .execute(
                        LauncherDiscoveryRequestBuilder.request()
                                .selectors(test)
                                .build(),
                        listener);
        TestExecutionSummary summary = listener.getSummary();
        var out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        summary.printFailuresTo(out, FAILURES_SHOWN);
        out.printf(
                "%s: %d passed, %d failed, %d skipped%n",
                test.getJavaClass().getSimpleName(),
                summary.getTestsSucceededCount(),
                summary.getTotalFailureCount(),
                summary.getTestsSkippedCount() + summary.getContainersSkippedCount());
        return summary.getTestsSucceededCount() == 0 ? 1 : summary.getTotalFailureCount();
    }
}
