package uk.ac.manchester.tornado.api;

import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;

/** Signatures of TornadoVM's execution plan. */
public class TornadoExecutionPlan implements AutoCloseable {

    public TornadoExecutionPlan(ImmutableTaskGraph... immutableTaskGraphs) {}

    public TornadoExecutionResult execute() {
        throw new UnsupportedOperationException(TornadoNativeApi.ABSENT);
    }

    public TornadoExecutionPlan withDevice(TornadoDevice device) {
        throw new UnsupportedOperationException(TornadoNativeApi.ABSENT);
    }

    public TornadoExecutionPlan withGridScheduler(GridScheduler gridScheduler) {
        throw new UnsupportedOperationException(TornadoNativeApi.ABSENT);
    }

    public TornadoExecutionPlan withGraph(int graphIndex) {
        throw new UnsupportedOperationException(TornadoNativeApi.ABSENT);
    }

    public TornadoExecutionPlan withAllGraphs() {
        throw new UnsupportedOperationException(TornadoNativeApi.ABSENT);
    }

    public TornadoExecutionPlan withCompilerFlags(TornadoVMBackendType backend, String compilerFlags) {
        throw new UnsupportedOperationException(TornadoNativeApi.ABSENT);
    }

    @Override
    public void close() throws TornadoExecutionPlanException {
        throw new UnsupportedOperationException(TornadoNativeApi.ABSENT);
    }
}
