package io.fastforward.testing;

import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.search.PolicyAgent;
import io.fastforward.spi.search.TrialExecutor;
import java.nio.file.Path;

/** A jar of plugins that do not keep to their contract, each in a way of its own. */
public final class FaultyPlugins {

    private static final String SOURCE = """
            import io.fastforward.spi.*;
            import io.fastforward.spi.backend.*;
            import io.fastforward.spi.measure.*;
            import io.fastforward.spi.model.*;
            import io.fastforward.spi.prune.*;
            import io.fastforward.spi.search.*;
            import io.fastforward.spi.tensor.*;
            import java.lang.foreign.Arena;
            import java.util.*;

            public class Faulty {

                /** Throws something, whatever the compiler expects. */
                static <T> T fail(String fault) {
                    switch (fault) {
                        case "state": throw new IllegalStateException("no licence\\nsecond line");
                        case "argument": throw new IllegalArgumentException("does not like it");
                        case "stack": return fail(fault);
                        case "no-class": throw new NoClassDefFoundError("org/acme/Missing");
                        case "abstract": throw new AbstractMethodError("score");
                        case "memory": throw new OutOfMemoryError("Java heap space");
                        case "circle":
                            RuntimeException first = new RuntimeException("first");
                            RuntimeException second = new RuntimeException("second", first);
                            first.initCause(second);
                            throw first;
                        case "unprintable":
                            throw new RuntimeException() {
                                public String getMessage() { throw new IllegalStateException("twice"); }
                            };
                        case "hook": {
                            Thread hook = new Thread(() -> {
                                try { Thread.sleep(1_000_000); } catch (InterruptedException e) { }
                            });
                            Runtime.getRuntime().addShutdownHook(hook);
                            throw new IllegalStateException("left a hook");
                        }
                        case "exit": System.exit(0);
                        case "exit-elsewhere":
                            Thread exit = new Thread(() -> System.exit(0));
                            exit.start();
                            try { exit.join(); } catch (InterruptedException e) { }
                        default: throw new AssertionError(fault);
                    }
                }

                public abstract static class Named implements Plugin {
                    final String fault = getClass().getSimpleName().replace('_', '-').toLowerCase();
                    public String id() { return fault; }
                    public String description() { return "does not keep to its contract"; }
                }

                // Criteria.

                public abstract static class Scoring extends Named implements Criterion.Provider, Criterion {
                    public Criterion create(Options options) { return this; }
                    public Set<Wish> wishes() { return Set.of(); }
                    double[] some(ModuleView module, double first) {
                        double[] scores = new double[module.spec().parts()];
                        scores[0] = first;
                        return scores;
                    }
                    public double[] score(ModuleView module, int kept, Workbench workbench) { return fail(fault); }
                }
                public static class State extends Scoring {}
                public static class Argument extends Scoring {}
                public static class Stack extends Scoring {}
                public static class No_class extends Scoring {}
                public static class Abstract extends Scoring {}
                public static class Memory extends Scoring {}
                public static class Circle extends Scoring {}
                public static class Unprintable extends Scoring {}
                public static class Exit extends Scoring {}
                public static class Hook extends Scoring {}
                public static class Exit_elsewhere extends Scoring {}
                public static class Interrupting extends Scoring {
                    public double[] score(ModuleView module, int kept, Workbench workbench) { Thread.currentThread().interrupt(); return some(module, 1); }
                }
                public static class Nan extends Scoring {
                    public double[] score(ModuleView module, int kept, Workbench workbench) { return some(module, Double.NaN); }
                }
                public static class Infinite extends Scoring {
                    public double[] score(ModuleView module, int kept, Workbench workbench) { return some(module, Double.POSITIVE_INFINITY); }
                }
                public static class Minus_infinite extends Scoring {
                    public double[] score(ModuleView module, int kept, Workbench workbench) { return some(module, Double.NEGATIVE_INFINITY); }
                }
                public static class Few extends Scoring {
                    public double[] score(ModuleView module, int kept, Workbench workbench) { return new double[module.spec().parts() - 1]; }
                }
                public static class Many extends Scoring {
                    public double[] score(ModuleView module, int kept, Workbench workbench) { return new double[module.spec().parts() + 1]; }
                }
                public static class Null extends Scoring {
                    public double[] score(ModuleView module, int kept, Workbench workbench) { return null; }
                }
                public static class No_wishes extends Scoring {
                    public Set<Wish> wishes() { return null; }
                }
                public static class No_options extends Scoring {
                    public List<OptionSpec> options() { return null; }
                }
                public static class Null_option extends Scoring {
                    public List<OptionSpec> options() { return Arrays.asList((OptionSpec) null); }
                }
                public static class Twice extends Scoring {
                    public List<OptionSpec> options() {
                        OptionSpec option = OptionSpec.text("twice", "the same", "");
                        return List.of(option, option);
                    }
                }
                public static class Bad_default extends Scoring {
                    public List<OptionSpec> options() {
                        return List.of(OptionSpec.number("share", "how much", 2, OptionSpec.Range.between(0, 1)));
                    }
                }
                public static class Bad_description extends Scoring {
                    public String description() { return fail("stack"); }
                }
                public static class Bad_id extends Scoring {
                    public String id() { return fail("state"); }
                }
                public static class Bad_constructor extends Scoring {
                    public Bad_constructor() { fail("memory"); }
                }

                // Agents.

                public static class Agents extends Named implements PolicyAgent.Provider {
                    public List<OptionSpec> options() {
                        return List.of(OptionSpec.text("fault", "what it does", "create-argument"));
                    }
                    public PolicyAgent create(SearchSpace space, long seed, Options options) {
                        String fault = options.text("fault");
                        if (fault.equals("create-null")) return null;
                        if (fault.startsWith("create-")) return fail(fault.substring(7));
                        return new Agent(fault, space.sites().size());
                    }
                }
                record Agent(String fault, int modules) implements PolicyAgent {
                    public int batchSize() {
                        return switch (fault) { case "batch-0" -> 0; case "batch-huge" -> Integer.MAX_VALUE; default -> 2; };
                    }
                    public int episodeLimit() { return fault.equals("limit") ? -1 : Integer.MAX_VALUE; }
                    public List<double[]> propose(int count, double sparsity) {
                        if (fault.equals("propose-null")) return null;
                        if (fault.equals("propose-throws")) return fail("state");
                        List<double[]> proposals = new ArrayList<>();
                        for (int i = fault.equals("propose-few") ? 1 : 0; i < count; i++) {
                            proposals.add(switch (fault) {
                                case "propose-null-in-it" -> null;
                                case "propose-short" -> new double[modules - 1];
                                case "propose-nan" -> { double[] p = new double[modules]; p[0] = 0.0 / 0; yield p; }
                                default -> new double[modules];
                            });
                        }
                        return proposals;
                    }
                    public void observe(List<Outcome> outcomes) { if (fault.equals("observe")) fail("stack"); }
                    public double[] best(double sparsity) {
                        return fault.equals("best-null") ? null : new double[fault.equals("best-short") ? 1 : modules];
                    }
                    public byte[] save() { return fault.equals("save-null") ? null : new byte[1]; }
                    public void restore(byte[] state) {
                        if (fault.equals("restore")) fail("state");
                        if (fault.equals("restore-argument")) fail("argument");
                    }
                }

                // Calibrators.

                public static class Calibrators extends Named implements Calibrator.Provider {
                    public List<OptionSpec> options() {
                        return List.of(OptionSpec.text("fault", "what it does", "argument"));
                    }
                    public Calibrator create(Options options) {
                        String fault = options.text("fault");
                        if (fault.equals("create-null")) return null;
                        if (fault.startsWith("create-")) return fail(fault.substring(7));
                        return new Repairing(fault);
                    }
                }
                record Repairing(String fault) implements Calibrator {
                    public Set<Wish> wishes() { return Set.of(Wish.features(Moment.GRAM)); }
                    public double multiplyAdds(ModuleSpec module, int kept, long tokens) {
                        return fault.equals("endless") ? Double.NaN : fault.equals("negative") ? -1 : 0;
                    }
                    public Repair repair(ModuleView module, int kept, Workbench workbench) {
                        MapRole role = module.weights().maps().lastEntry().getKey();
                        int outputs = module.spec().hiddenSize();
                        int features = module.spec().features(kept);
                        boolean biased = module.weights().output().bias() != null;
                        DataType type = DataType.F32;
                        float first = 0;
                        switch (fault) {
                            case "null": return null;
                            case "null-map": return new Repair(null, 0, 0, null);
                            case "other-map": role = MapRole.QUERY; break;
                            case "few-rows": outputs--; break;
                            case "many-columns": features++; break;
                            case "half": type = DataType.F16; break;
                            case "nan": first = Float.NaN; break;
                            case "bias": biased = !biased; break;
                            case "closed": break;
                            case "exit-later": if (kept > 1) fail("exit"); break;
                            case "algebra":
                                DoubleMatrix wide = DoubleMatrix.allocate(workbench.arena(), 1, 2);
                                workbench.algebra().multiply(wide, wide, wide);
                                break;
                            case "hides":
                                try { workbench.batches(Tap.FEATURES).iterator().next(); }
                                catch (RuntimeException e) { throw new IllegalStateException("somewhere else"); }
                            default: return fail(fault);
                        }
                        Arena own = Arena.ofShared();
                        Matrix weight = Matrix.allocate(own, type, outputs, features);
                        if (outputs * features > 0) weight.set(0, 0, first);
                        Linear map = new Linear(weight, biased ? Matrix.allocate(own, type, 1, outputs) : null);
                        if (fault.equals("closed")) own.close();
                        return new Repair(Map.of(role, map), 0, 0, null);
                    }
                }

                // Executors.

                public static class Executors extends Named implements TrialExecutor.Provider {
                    public List<OptionSpec> options() {
                        return List.of(OptionSpec.text("fault", "what it does", "none"));
                    }
                    public TrialExecutor create(
                            TrialExecutor.SearchProcess search, Workload workload, Options options) {
                        TrialExecutor.Evaluator local = search.local();
                        String fault = options.text("fault");
                        if (fault.equals("create-null")) return null;
                        return new TrialExecutor() {
                            public List<Result> execute(TrialBatch batch) {
                                List<Result> results = new ArrayList<>();
                                switch (fault) {
                                    case "null": return null;
                                    case "loses": return results;
                                    case "null-in-it": for (Policy policy : batch.candidates()) results.add(null); return results;
                                    case "doubles":
                                        results.addAll(local.evaluate(batch));
                                        results.addAll(results);
                                        return results;
                                    case "hides":
                                        try { return local.evaluate(batch); }
                                        catch (RuntimeException e) { throw new IllegalStateException("somewhere else"); }
                                    case "nothing": return local.evaluate(new TrialBatch(List.of(0), List.of()));
                                    case "close": return local.evaluate(batch);
                                    default: return fail(fault);
                                }
                            }
                            public void close() { if (fault.equals("close")) fail("state"); }
                        };
                    }
                }

                // Linear algebra.

                public static class Algebras extends Named implements LinearAlgebra.Provider {
                    public int priority() { return 1000; }
                    public Availability probe() { return fail("state"); }
                    public LinearAlgebra open(int threads) {
                        return new LinearAlgebra() {
                            public boolean cholesky(DoubleMatrix symmetric) { return fail("state"); }
                            public void solve(DoubleMatrix factor, DoubleMatrix rows) { fail("argument"); }
                            public void multiply(DoubleMatrix left, DoubleMatrix right, DoubleMatrix result) {}
                        };
                    }
                }

                // Backends.

                public static class Backends extends Named implements ComputeBackend.Provider {
                    public int priority() { return 1000; }
                    public Availability probe() { return fail("state"); }
                    public ComputeBackend open(int threads) { return fail("state"); }
                }
                public static class Backend_opening extends Named implements ComputeBackend.Provider {
                    public int priority() { return -1; }
                    public Availability probe() { return Availability.ready("as it says"); }
                    public ComputeBackend open(int threads) { return fail("abstract"); }
                }
                public static class Backend_exit extends Named implements ComputeBackend.Provider {
                    public int priority() { return -3; }
                    public Availability probe() { return Availability.ready("as it says"); }
                    public ComputeBackend open(int threads) { return fail("exit"); }
                }
                public static class Backend_computing extends Named implements ComputeBackend.Provider {
                    public int priority() { return -2; }
                    public Availability probe() { return Availability.ready("as it says"); }
                    public ComputeBackend open(int threads) {
                        return (ComputeBackend) java.lang.reflect.Proxy.newProxyInstance(
                                getClass().getClassLoader(), new Class<?>[] {ComputeBackend.class},
                                (proxy, method, arguments) -> switch (method.getName()) {
                                    case "device" -> "a device that fails";
                                    case "matrixBytes", "weightBytes" -> Long.MAX_VALUE;
                                    case "bytesPerWeight" -> Float.BYTES;
                                    case "loadsWhileComputing" -> false;
                                    case "moments" -> null;
                                    case "close" -> null;
                                    default -> fail("state");
                                });
                    }
                }
            }
            """;

    private static final String CRITERIA = """
            Faulty$State
            Faulty$Argument
            Faulty$Stack
            Faulty$No_class
            Faulty$Abstract
            Faulty$Memory
            Faulty$Circle
            Faulty$Unprintable
            Faulty$Exit
            Faulty$Exit_elsewhere
            Faulty$Hook
            Faulty$Interrupting
            Faulty$Nan
            Faulty$Infinite
            Faulty$Minus_infinite
            Faulty$Few
            Faulty$Many
            Faulty$Null
            Faulty$No_wishes
            Faulty$No_options
            Faulty$Null_option
            Faulty$Twice
            Faulty$Bad_default
            Faulty$Bad_description
            Faulty$Bad_id
            Faulty$Bad_constructor
            """;

    private FaultyPlugins() {}

    /** Writes {@code faulty.jar} into a directory. */
    public static Path write(Path directory) {
        return new PluginJar()
                .service(Criterion.Provider.class, CRITERIA)
                .service(PolicyAgent.Provider.class, "Faulty$Agents")
                .service(Calibrator.Provider.class, "Faulty$Calibrators")
                .service(TrialExecutor.Provider.class, "Faulty$Executors")
                .service(LinearAlgebra.Provider.class, "Faulty$Algebras")
                .service(
                        ComputeBackend.Provider.class,
                        "Faulty$Backends\nFaulty$Backend_opening\nFaulty$Backend_exit\nFaulty$Backend_computing")
                .compiled("Faulty", SOURCE)
                .write(directory.resolve("faulty.jar"));
    }
}
