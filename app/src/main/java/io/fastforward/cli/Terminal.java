package io.fastforward.cli;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/** Asks the system about the terminal. Of standard error {@link System#console()} does not know. */
final class Terminal {

    private static final int STANDARD_ERROR = 2;

    private Terminal() {}

    /** Whether what reads standard output shows characters in UTF-8, in which it is written, that ASCII does not have. */
    static boolean showsBlocks() {
        return "UTF-8".equalsIgnoreCase(System.getProperty("stdout.encoding"));
    }

    /** Whether standard error goes to a terminal, and not to a file or pipe. */
    static boolean isStandardError() {
        Linker linker = Linker.nativeLinker();
        SymbolLookup libraries = linker.defaultLookup();
        Optional<MemorySegment> function = libraries.find("isatty").or(() -> libraries.find("_isatty")); // Windows
        if (function.isEmpty()) {
            return false;
        }
        try {
            return (int) linker.downcallHandle(
                                    function.get(), FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT))
                            .invokeExact(STANDARD_ERROR)
                    != 0;
        } catch (Throwable e) { // what MethodHandle declares
            return false;
        }
    }
}
