package io.fastforward.forward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fastforward.model.Model;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.testing.RandomLlama;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Layers come early, once, in order, and none is left behind. */
class ReadAheadTest {

    private final List<Thread> loadedOn = new CopyOnWriteArrayList<>();
    private final AtomicInteger open = new AtomicInteger();
    private final CountDownLatch twoLayers = new CountDownLatch(4);
    private int room = Integer.MAX_VALUE;
    private Model model;

    @BeforeEach
    void writeModel(@TempDir Path directory) {
        model = Model.open(new RandomLlama().write(directory));
    }

    @AfterEach
    void close() {
        model.close();
    }

    /** A device with room for some modules that notes who loads to it. */
    private ComputeBackend device() {
        return (ComputeBackend) Proxy.newProxyInstance(
                ComputeBackend.class.getClassLoader(),
                new Class<?>[] {ComputeBackend.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "loadsWhileComputing" -> true;
                    case "load" -> module();
                    default -> throw new UnsupportedOperationException(method.getName());
                });
    }

    private LoadedModule module() {
        if (open.get() == room) {
            throw new OutOfMemoryError("no room for a module");
        }
        open.incrementAndGet();
        loadedOn.add(Thread.currentThread());
        twoLayers.countDown();
        return (LoadedModule) Proxy.newProxyInstance(
                LoadedModule.class.getClassLoader(),
                new Class<?>[] {LoadedModule.class},
                (proxy, method, arguments) -> {
                    assertThat(method.getName()).isEqualTo("close");
                    open.decrementAndGet();
                    return null;
                });
    }

    private LayerSource layers() {
        LayerSource layers = LayerSource.streamed(device(), model.spec(), model);
        assertThat(layers.resident()).isFalse();
        return layers;
    }

    @Test
    void theNextLayerIsLoadedWhileThisOneIsInUse() throws InterruptedException {
        try (LayerSource layers = layers()) {
            try (LoadedLayer first = layers.load(0)) {
                assertThat(twoLayers.await(10, TimeUnit.SECONDS))
                        .as("two layers")
                        .isTrue();
            }
            layers.load(1).close();
        }
        assertThat(loadedOn).hasSize(4);
        assertThat(loadedOn.subList(0, 2)).containsOnly(Thread.currentThread());
        assertThat(loadedOn.subList(2, 4)).doesNotContain(Thread.currentThread());
        assertThat(open).hasValue(0);
    }

    @Test
    void withoutRoomForTwoItIsLoadedWhenItIsAskedFor() {
        room = 2;
        try (LayerSource layers = layers()) {
            for (int pass = 0; pass < 2; pass++) {
                layers.load(0).close();
                layers.load(1).close();
            }
        }
        assertThat(open).hasValue(0);
    }

    @Test
    void anotherLayerThanTheNextMayBeAskedFor() {
        try (LayerSource layers = layers()) {
            layers.load(0).close();
            layers.load(0).close();
            layers.load(1).close();
        }
        assertThat(open).hasValue(0);
    }

    @Test
    void aFailureComesWhereTheLayerIsAskedFor() {
        room = 0;
        try (LayerSource layers = layers()) {
            assertThatThrownBy(() -> layers.load(0)).isInstanceOf(OutOfMemoryError.class);
        }
        assertThat(open).hasValue(0);
    }

    @Test
    void whatNobodyAsksForIsClosed() throws InterruptedException {
        try (LayerSource layers = layers()) {
            layers.load(0).close();
            assertThat(twoLayers.await(10, TimeUnit.SECONDS)).as("two layers").isTrue();
        }
        assertThat(open).hasValue(0);
    }
}
