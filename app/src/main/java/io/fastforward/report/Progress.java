package io.fastforward.report;

/** Tells a person, or a log, how far a run is. Called from one thread at a time. */
public interface Progress {

    /** A stage begins. */
    void begin(String stage, long total);

    /** The stage got so far. */
    void advance(long done, String detail);

    /** The stage ended; one line says what came out. */
    void end(String outcome);

    /** One line that a reader should see. */
    void note(String line);

    /** Says nothing. */
    static Progress silent() {
        return new Progress() {
            @Override
            public void begin(String stage, long total) {}

            @Override
            public void advance(long done, String detail) {}

            @Override
            public void end(String outcome) {}

            @Override
            public void note(String line) {}
        };
    }
}
