package uk.ac.manchester.tornado.api;

import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task2;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task3;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task4;

/** Signatures of TornadoVM's task graph. */
public class TaskGraph {

    public TaskGraph(String name) {}

    public TaskGraph transferToDevice(int mode, Object... objects) {
        throw new UnsupportedOperationException(TornadoNativeApi.ABSENT);
    }

    public TaskGraph transferToHost(int mode, Object... objects) {
        throw new UnsupportedOperationException(TornadoNativeApi.ABSENT);
    }

    public TaskGraph consumeFromDevice(Object... objects) {
        throw new UnsupportedOperationException(TornadoNativeApi.ABSENT);
    }

    public <T1, T2> TaskGraph task(String id, Task2<T1, T2> code, T1 arg1, T2 arg2) {
        throw new UnsupportedOperationException(TornadoNativeApi.ABSENT);
    }

    public <T1, T2, T3> TaskGraph task(String id, Task3<T1, T2, T3> code, T1 arg1, T2 arg2, T3 arg3) {
        throw new UnsupportedOperationException(TornadoNativeApi.ABSENT);
    }

    public <T1, T2, T3, T4> TaskGraph task(String id, Task4<T1, T2, T3, T4> code, T1 arg1, T2 arg2, T3 arg3, T4 arg4) {
        throw new UnsupportedOperationException(TornadoNativeApi.ABSENT);
    }

    public ImmutableTaskGraph snapshot() {
        throw new UnsupportedOperationException(TornadoNativeApi.ABSENT);
    }
}
