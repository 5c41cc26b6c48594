package io.fastforward.report;

/** Tells a person, or a log, how far a run is: as much of it as it cares for. Called from one thread at a time. */
public interface Progress {

    /** A stage begins. */
    default void begin(String stage, long total) {}

    /** A stage goes on, some of which was done before: that does not tell how long the rest takes. */
    default void begin(String stage, long total, long done) {
        begin(stage, total);
    }

    /** The stage got so far. */
    default void advance(long done, String detail) {}

    /** The stage ended; one line says what came out. */
    default void end(String outcome) {}

    /** One line that a reader should see. */
    default void note(String line) {}

    /** Says nothing. */
    static Progress silent() {
        return new Progress() {};
    }
}
