package io.fastforward.nativelibrary;

import java.nio.file.Path;
import java.util.List;

/** Java processes that this one starts. */
public final class JavaProcess {

    /** Where options lie that are meant for this process, such as a port for a debugger. */
    private static final List<String> OPTIONS = List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS");

    private JavaProcess() {}

    /** The program that runs this process. */
    public static String program() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    /** Starts a command that leads to {@link #program}, with no other options for Java than those that it names. */
    public static ProcessBuilder of(List<String> command) {
        var builder = new ProcessBuilder(command);
        builder.environment().keySet().removeAll(OPTIONS);
        return builder;
    }
}
