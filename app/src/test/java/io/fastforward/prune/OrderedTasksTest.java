package io.fastforward.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fastforward.prune.OrderedTasks.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A task that would wait for ever if nothing stopped it fails a test by its time. */
@Timeout(30)
class OrderedTasksTest {

    private final CountDownLatch stopped = new CountDownLatch(1);
    private final List<String> closed = new ArrayList<>();

    @Test
    void resultsComeInTheOrderOfTheTasks() {
        CountDownLatch secondIsDone = new CountDownLatch(1);
        List<String> taken = new ArrayList<>();
        try (OrderedTasks<String> tasks = tasks()) {
            tasks.start(task("first", () -> waited(secondIsDone, "first")));
            assertThat(tasks.isFull()).isFalse();
            tasks.start(task("second", () -> {
                secondIsDone.countDown();
                return "second";
            }));
            assertThat(tasks.isFull()).isTrue();
            tasks.take(taken::add);
            assertThat(closed).containsExactly("first");
            tasks.start(task("third", () -> "third"));
            tasks.take(taken::add);
            tasks.take(taken::add);
            assertThat(tasks.isEmpty()).isTrue();
        }
        assertThat(taken).containsExactly("first", "second", "third");
        assertThat(closed).containsExactly("first", "second", "third");
    }

    @Test
    void noMoreTasksThanThreads() {
        try (OrderedTasks<String> tasks = tasks()) {
            tasks.start(task("first", () -> "first"));
            tasks.start(task("second", () -> "second"));
            assertThatThrownBy(() -> tasks.start(task("third", () -> "third")))
                    .isInstanceOf(IllegalStateException.class);
            assertThat(closed).containsExactly("third");
        }
    }

    /** The first one has nothing wrong but that it was stopped. */
    @Test
    void theFailureThatStoppedTheOthersIsThrown() {
        OutOfMemoryError failure = new OutOfMemoryError("the device is full");
        OrderedTasks<String> tasks = tasks();
        try (tasks) {
            tasks.start(task("first", this::stoppedOrWaiting));
            tasks.start(task("second", () -> {
                throw failure;
            }));
            assertThatThrownBy(() -> tasks.take(result -> {})).isSameAs(failure);
        }
        assertThat(closed).containsExactlyInAnyOrder("first", "second");
    }

    /** Who starts the tasks may be stopped, too, before it asks for a result. */
    @Test
    void theFailureCanBeAskedFor() {
        IllegalStateException failure = new IllegalStateException("layer 1 fails");
        try (OrderedTasks<String> tasks = tasks()) {
            tasks.requireNoneFailed();
            tasks.start(task("first", () -> {
                throw failure;
            }));
            waited(stopped, "");
            assertThatThrownBy(tasks::requireNoneFailed).isSameAs(failure);
        }
    }

    @Test
    void whoeverFailsToTakeAResultStopsTheTasks() {
        IllegalStateException failure = new IllegalStateException("the disk is full");
        assertThatThrownBy(() -> {
                    try (OrderedTasks<String> tasks = tasks()) {
                        tasks.start(task("first", () -> "first"));
                        tasks.start(task("second", this::stoppedOrWaiting));
                        tasks.take(result -> {
                            throw failure;
                        });
                    }
                })
                .isSameAs(failure);
        assertThat(closed).containsExactly("first", "second");
    }

    @Test
    void anInterruptEndsTheWaitAndStays() {
        assertThatThrownBy(() -> {
                    try (OrderedTasks<String> tasks = tasks()) {
                        tasks.start(task("first", this::stoppedOrWaiting));
                        Thread.currentThread().interrupt();
                        tasks.take(result -> {});
                    }
                })
                .isInstanceOf(CancellationException.class)
                .hasMessageContaining("interrupted");
        assertThat(Thread.interrupted()).isTrue();
        assertThat(closed).containsExactly("first");
    }

    private OrderedTasks<String> tasks() {
        return new OrderedTasks<>(2, stopped::countDown);
    }

    private String stoppedOrWaiting() {
        waited(stopped, "");
        throw new CancellationException("stopped");
    }

    private static String waited(CountDownLatch latch, String result) {
        try {
            latch.await();
            return result;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private Task<String> task(String name, Supplier<String> work) {
        return new Task<>() {
            @Override
            public String run() {
                return work.get();
            }

            @Override
            public void close() {
                closed.add(name);
            }
        };
    }
}
