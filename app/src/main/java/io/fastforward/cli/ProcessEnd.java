package io.fastforward.cli;

import java.util.Arrays;
import java.util.Collection;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * Why the process is ending, as a shutdown hook can tell: nothing but the stacks of the threads says so. A signal is
 * handled by a thread in {@code java.lang.Terminator}; whoever calls {@link System#exit} waits in {@link Runtime#exit}.
 */
final class ProcessEnd {

    private static final String TERMINATOR = "java.lang.Terminator";
    private static final String HOOKS = "java.lang.ApplicationShutdownHooks";

    private ProcessEnd() {}

    /** Whether a signal ends the process, such as that of Ctrl-C. */
    static boolean isBySignal() {
        return stacks().stream()
                .flatMap(Arrays::stream)
                .anyMatch(frame -> frame.getClassName().startsWith(TERMINATOR));
    }

    /** The method other than our own that called {@link System#exit}; none if it did so on a virtual thread. */
    static Optional<StackTraceElement> caller() {
        return stacks().stream()
                .flatMap(stack -> callOfExit(stack).stream())
                .filter(frame -> !frame.getClassName().equals(FastForward.class.getName()))
                .findFirst();
    }

    /** Whether all hooks were started: then the thread that ends the process waits for them. */
    static boolean areHooksStarted() {
        return stacks().stream()
                .anyMatch(stack -> IntStream.range(1, stack.length)
                        .anyMatch(i -> isIn(stack[i], HOOKS, "runHooks")
                                && isIn(stack[i - 1], Thread.class.getName(), "join")));
    }

    private static Optional<StackTraceElement> callOfExit(StackTraceElement[] stack) {
        Predicate<StackTraceElement> isExit = frame -> isIn(frame, Runtime.class.getName(), "exit");
        return Arrays.stream(stack)
                .dropWhile(isExit.negate())
                .dropWhile(isExit)
                .filter(frame -> !isIn(frame, System.class.getName(), "exit"))
                .findFirst();
    }

    private static boolean isIn(StackTraceElement frame, String className, String method) {
        return frame.getClassName().equals(className) && frame.getMethodName().equals(method);
    }

    private static Collection<StackTraceElement[]> stacks() {
        return Thread.getAllStackTraces().values();
    }
}
