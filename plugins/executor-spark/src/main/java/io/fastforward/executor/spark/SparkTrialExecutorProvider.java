package io.fastforward.executor.spark;

import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.OptionSpec.Range;
import io.fastforward.spi.Options;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.spi.search.Workload;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Evaluates trials on a Spark cluster, with that cluster's own jars: driver and executors must be of one version. */
public final class SparkTrialExecutorProvider implements TrialExecutor.Provider {

    private static final OptionSpec MASTER =
            OptionSpec.needed("master", "address of the cluster's master, such as spark://host:7077");

    private static final OptionSpec HOME =
            OptionSpec.needed("home", "directory of a Spark distribution of the cluster's version, with a folder jars");

    private static final OptionSpec CORES = OptionSpec.wholeNumber(
            "cores",
            "cores of each Spark executor, all of which evaluate the same candidate; 0: as many as threads here",
            0,
            Range.between(0, 1024));

    private static final OptionSpec EXECUTORS = OptionSpec.wholeNumber(
            "executors",
            "Spark executors to wait for before it begins; 0: those that come within a few seconds",
            0,
            Range.between(0, 4096));

    private static final OptionSpec HEAP =
            OptionSpec.text("heap", "Java heap of each Spark executor; weights lie outside of it", "2g");

    private static final OptionSpec MEMORY = OptionSpec.number(
            "memory", "GiB that each Spark executor may plan with; 0: what its process may use", 0, Range.atLeast(0));

    private static final OptionSpec SETTINGS = OptionSpec.text(
            "settings", "more settings of Spark, separated by semicolons: spark.driver.host=10.0.0.1;...", "");

    @Override
    public String id() {
        return "spark";
    }

    @Override
    public String description() {
        return "evaluates trials on an Apache Spark cluster whose workers see the model under the same path";
    }

    @Override
    public List<OptionSpec> options() {
        return List.of(MASTER, HOME, CORES, EXECUTORS, HEAP, MEMORY, SETTINGS);
    }

    @Override
    public void check(Options options) {
        more(options.text(SETTINGS.name()));
        SparkJars.find(options.text(HOME.name()));
    }

    @Override
    public TrialExecutor create(TrialExecutor.SearchProcess search, Workload workload, Options options) {
        int given = options.wholeNumber(CORES.name());
        int cores = given == 0 ? search.threads() : given;
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("spark.app.name", "FastForward");
        settings.put("spark.log.level", "ERROR");
        settings.put("spark.ui.enabled", "false");
        settings.put("spark.ui.showConsoleProgress", "false");
        settings.put("spark.executor.memory", options.text(HEAP.name()));
        settings.put("spark.executor.cores", String.valueOf(cores));
        settings.put("spark.task.cpus", String.valueOf(cores));
        settings.putAll(more(options.text(SETTINGS.name())));
        settings.put("spark.master", options.text(MASTER.name()));
        SparkJars jars = SparkJars.of(options.text(HOME.name()));
        return jars.executor(search, workload, settings, options.wholeNumber(EXECUTORS.name()), cores, (long)
                (options.number(MEMORY.name()) * (1L << 30)));
    }

    private static Map<String, String> more(String text) {
        Map<String, String> settings = new LinkedHashMap<>();
        for (String setting : text.split(";")) {
            int equals = setting.indexOf('=');
            if (setting.isBlank()) {
                continue;
            }
            if (equals < 1) {
                throw new IllegalArgumentException(
                        "option settings must be NAME=VALUE, separated by semicolons, but has '" + setting + "'");
            }
            settings.put(
                    setting.substring(0, equals).strip(),
                    setting.substring(equals + 1).strip());
        }
        return settings;
    }
}
