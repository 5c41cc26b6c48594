package uk.ac.manchester.tornado.api.runtime;

import uk.ac.manchester.tornado.api.TornadoRuntime;

/** Signatures of the way to TornadoVM's runtime. */
public class TornadoRuntimeProvider {

    private TornadoRuntimeProvider() {}

    @SuppressWarnings("DoNotCallSuggester") // the real one returns
    public static TornadoRuntime getTornadoRuntime() {
        throw new UnsupportedOperationException("there is no TornadoVM behind this stub");
    }
}
