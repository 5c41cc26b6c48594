package io.fastforward.executor.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A standalone Spark cluster on this machine: a master and some workers, each a process. Closing it kills all of them. */
final class SparkCluster implements AutoCloseable {

    private static final String HOST = "127.0.0.1";
    private static final long START_MILLIS = 60_000;
    private static final long POLL_MILLIS = 50;

    private final Path home;
    private final Path directory;
    private final int port;
    private final List<Process> daemons = new ArrayList<>();

    private SparkCluster(Path home, Path directory, int port) {
        this.home = home;
        this.directory = directory;
        this.port = port;
    }

    /**
     * Starts a cluster and waits until its workers are there.
     *
     * @param home a directory with a folder jars
     * @param directory for logs and the workers' files
     */
    static SparkCluster start(Path home, Path directory, int workers) throws Exception {
        Path release = home.resolve("RELEASE"); // what Spark knows a distribution by
        if (!Files.exists(release)) {
            Files.createFile(release);
        }
        SparkCluster cluster = new SparkCluster(home, directory, freePort());
        try {
            cluster.daemon("master", "org.apache.spark.deploy.master.Master", "--port", String.valueOf(cluster.port));
            cluster.awaitLine("master", "I have been elected leader");
            for (int i = 1; i <= workers; i++) {
                String name = "worker" + i;
                cluster.daemon(
                        name,
                        "org.apache.spark.deploy.worker.Worker",
                        "--cores",
                        "1",
                        "--memory",
                        "1g",
                        "--work-dir",
                        directory.resolve(name).toString(),
                        cluster.master());
                cluster.awaitLine(name, "Successfully registered with master");
            }
            return cluster;
        } catch (Throwable e) {
            cluster.close();
            throw e;
        }
    }

    /** What the processes of a cluster, and of what uses it, see of their surroundings. */
    static Map<String, String> environment(Path home) {
        return Map.of("SPARK_HOME", home.toString(), "SPARK_SCALA_VERSION", "2.13", "SPARK_LOCAL_IP", HOST);
    }

    String master() {
        return "spark://" + HOST + ":" + port;
    }

    /** The daemon of a worker, counted from 1. */
    ProcessHandle worker(int number) {
        return daemons.get(number).toHandle();
    }

    /** The JVM in which a worker has tasks run. */
    ProcessHandle executor(int worker) {
        return worker(worker)
                .descendants()
                .filter(process -> process.info().commandLine().orElse("").contains("CoarseGrainedExecutorBackend"))
                .findFirst()
                .orElseThrow();
    }

    private void daemon(String name, String main, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-cp",
                home.resolve("jars") + "/*",
                main,
                "--host",
                HOST,
                "--webui-port",
                "0"));
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log(name).toFile());
        builder.environment().putAll(environment(home));
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        daemons.add(builder.start());
    }

    private void awaitLine(String name, String words) throws IOException, InterruptedException {
        long deadline = System.currentTimeMillis() + START_MILLIS;
        while (!Files.readString(log(name)).contains(words)) {
            assertThat(daemons.getLast().isAlive())
                    .as(Files.readString(log(name)))
                    .isTrue();
            assertThat(System.currentTimeMillis())
                    .as(Files.readString(log(name)))
                    .isLessThan(deadline);
            Thread.sleep(POLL_MILLIS);
        }
    }

    private Path log(String name) {
        return directory.resolve(name + ".log");
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @Override
    public void close() {
        for (Process daemon : daemons) {
            daemon.descendants().forEach(ProcessHandle::destroyForcibly);
            daemon.destroyForcibly();
        }
    }
}
