package io.fastforward.run;

import io.fastforward.plugin.PluginRegistry;
import io.fastforward.report.Progress;
import io.fastforward.spi.search.Worker;
import io.fastforward.spi.search.Workload;
import java.nio.file.Path;

/** Opens workers where executors want them: with the plugins of the application, where the model lies under the same path. */
public final class ModelWorkerOpener implements Worker.Opener {

    @Override
    public Worker open(Workload workload, int threads, long memoryBytes) {
        long memory = memoryBytes > 0
                ? memoryBytes
                : MemoryLimit.ofThisProcess().plannable(Runtime.getRuntime().maxMemory());
        int cores = threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
        return ModelWorker.open(
                workload,
                Path.of(workload.model()),
                PluginRegistry.load(null),
                new Compute(Devices.AUTO, cores, memory),
                Progress.silent());
    }
}
