package io.fastforward.backend.tornado.device;

import io.fastforward.backend.tornado.kernel.KernelExecutor;
import java.util.ArrayList;
import java.util.List;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid2D;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task2;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task3;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task4;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Graphs, most of one task, which make up one execution plan. Some arrays stay on the device: one graph claims each of
 * them, and all others take them over from whatever graph ran before, which is why every graph names all of them, used
 * or not. Every graph brings its sizes along, and all but uploads end with reading them back.
 */
public final class DeviceGraphs {

    private static final String TASK = "task";

    private final List<Object> resident;
    private final IntArray sizes;
    private final GridScheduler scheduler = new GridScheduler();
    private final List<ImmutableTaskGraph> graphs = new ArrayList<>();

    /**
     * No graphs yet.
     *
     * @param resident the arrays that stay on the device
     * @param sizes what all kernels read that have none of their own
     */
    DeviceGraphs(List<Object> resident, IntArray sizes) {
        this.resident = List.copyOf(resident);
        this.sizes = sizes;
    }

    /**
     * A task of a graph.
     *
     * @param grid how many work-items it has, set anew before it runs
     * @param sizes what its kernel reads
     */
    record Step(WorkerGrid grid, int groupX, int groupY, IntArray sizes) {}

    /**
     * A graph.
     *
     * @param index its place in the plan
     * @param steps its tasks, in order
     * @param answers whether it ends with reading their sizes back
     */
    record Graph(int index, String name, List<Step> steps, boolean answers) {}

    /** Adds a task to a graph. */
    @FunctionalInterface
    private interface Adding {
        void to(TaskGraph graph, String id, IntArray sizes);
    }

    /**
     * What a task does with arrays that stay there.
     *
     * @param groupX work-items of a group in the first dimension
     * @param groupY work-items of a group in the second dimension
     */
    record Work(Adding adding, int groupX, int groupY) {

        /** Within an array. */
        static Work within(Task3<KernelContext, FloatArray, IntArray> code, FloatArray array, int x, int y) {
            return new Work((graph, id, sizes) -> graph.task(id, code, new KernelContext(), array, sizes), x, y);
        }

        /** Reads one array and writes another. */
        static <A, B> Work between(Task4<KernelContext, A, B, IntArray> code, A from, B to, int group) {
            return new Work((graph, id, sizes) -> graph.task(id, code, new KernelContext(), from, to, sizes), group, 1);
        }
    }

    /** A plan of all graphs so far. */
    TornadoExecutionPlan plan(TornadoDevice device) {
        var plan = new TornadoExecutionPlan(graphs.toArray(ImmutableTaskGraph[]::new));
        plan.withDevice(device);
        plan.withGridScheduler(scheduler);
        return plan;
    }

    /** Makes an array that stays there on the device. */
    <A> Graph claim(String name, Task3<KernelContext, A, IntArray> code, A array) {
        List<Object> others = new ArrayList<>(resident);
        others.remove(array);
        return answering(
                name,
                new TaskGraph(name)
                        .consumeFromDevice(others.toArray())
                        .transferToDevice(DataTransferMode.UNDER_DEMAND, array)
                        .transferToDevice(DataTransferMode.EVERY_EXECUTION, sizes)
                        .task(TASK, code, new KernelContext(), array, sizes));
    }

    /** A task by itself. */
    Graph single(String name, Work work) {
        TaskGraph graph = bringing(name, sizes);
        work.adding.to(graph, TASK, sizes);
        return add(
                name,
                graph.transferToHost(DataTransferMode.EVERY_EXECUTION, sizes),
                work.groupX,
                work.groupY,
                sizes,
                true);
    }

    /** Tasks one after the other, each of which has sizes of its own. */
    Graph sequence(String name, List<Work> works) {
        List<Step> steps = new ArrayList<>();
        for (int i = 0; i < works.size(); i++) {
            Work work = works.get(i);
            steps.add(new Step(
                    grid(name + "." + TASK + i, work.groupX, work.groupY),
                    work.groupX,
                    work.groupY,
                    new IntArray(KernelExecutor.MOST_SIZES)));
        }
        Object[] all = steps.stream().map(Step::sizes).toArray();
        TaskGraph graph = bringing(name, all);
        for (int i = 0; i < works.size(); i++) {
            works.get(i).adding.to(graph, TASK + i, steps.get(i).sizes);
        }
        return add(name, graph.transferToHost(DataTransferMode.EVERY_EXECUTION, all), steps, true);
    }

    /** Brings an array along and writes what comes of it to one that stays there. */
    <B> Graph bring(String name, Task4<KernelContext, IntArray, B, IntArray> code, IntArray from, B to) {
        return answering(name, bringing(name, sizes, from).task(TASK, code, new KernelContext(), from, to, sizes));
    }

    /** The same without waiting for its end, which is why it has sizes of its own. */
    <B> Graph bringWithoutAnswer(
            String name, Task4<KernelContext, IntArray, B, IntArray> code, IntArray from, B to, IntArray its) {
        TaskGraph graph = bringing(name, its, from).task(TASK, code, new KernelContext(), from, to, its);
        return add(name, graph, KernelExecutor.GROUP, 1, its, false);
    }

    /** Does nothing but answer. */
    Graph answer(String name, Task2<KernelContext, IntArray> code, IntArray its) {
        TaskGraph graph = bringing(name, its)
                .task(TASK, code, new KernelContext(), its)
                .transferToHost(DataTransferMode.EVERY_EXECUTION, its);
        return add(name, graph, KernelExecutor.GROUP, 1, its, true);
    }

    /** Writes an array, which comes to the host, from one that stays there. */
    <A, B> Graph fetch(String name, Task4<KernelContext, A, B, IntArray> code, A from, B to) {
        return answering(
                name,
                bringing(name, sizes)
                        .task(TASK, code, new KernelContext(), from, to, sizes)
                        .transferToHost(DataTransferMode.EVERY_EXECUTION, to));
    }

    private TaskGraph bringing(String name, Object... brought) {
        return new TaskGraph(name)
                .consumeFromDevice(resident.toArray())
                .transferToDevice(DataTransferMode.EVERY_EXECUTION, brought);
    }

    private Graph answering(String name, TaskGraph graph) {
        return add(
                name,
                graph.transferToHost(DataTransferMode.EVERY_EXECUTION, sizes),
                KernelExecutor.GROUP,
                1,
                sizes,
                true);
    }

    private Graph add(String name, TaskGraph graph, int groupX, int groupY, IntArray its, boolean answers) {
        var step = new Step(grid(name + "." + TASK, groupX, groupY), groupX, groupY, its);
        return add(name, graph, List.of(step), answers);
    }

    private Graph add(String name, TaskGraph graph, List<Step> steps, boolean answers) {
        graphs.add(graph.snapshot());
        return new Graph(graphs.size() - 1, name, List.copyOf(steps), answers);
    }

    private WorkerGrid grid(String task, int groupX, int groupY) {
        WorkerGrid grid = new WorkerGrid2D(groupX, groupY);
        grid.setLocalWork(groupX, groupY, 1);
        scheduler.addWorkerGrid(task, grid);
        return grid;
    }
}
