package io.fastforward.backend.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.backend.tornado.device.DeviceMemory;
import io.fastforward.backend.tornado.device.Region;
import io.fastforward.backend.tornado.kernel.AttentionKernel;
import io.fastforward.backend.tornado.kernel.CopyKernel;
import io.fastforward.backend.tornado.kernel.KernelExecutor;
import io.fastforward.backend.tornado.kernel.RotaryKernel;
import io.fastforward.spi.backend.Precision;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/** Launches that are one graph on a device of a TornadoVM SDK: profile tornadovm. */
@EnabledIf("io.fastforward.backend.tornado.SdkProvider#isPresent")
class SdkSequenceTest {

    private static final int ROWS = 70;
    private static final int HEADS = 4;
    private static final int GROUPS = 2;
    private static final int SIZE = 8;

    private final KernelExecutor executor = DeviceCatalog.program(SdkProvider.device(), Precision.BFLOAT16);
    private final DeviceMemory memory = new DeviceMemory(executor);

    @AfterEach
    void close() {
        executor.close();
    }

    @Test
    void togetherIsTheSameAsOneAfterTheOther() {
        int count = ROWS * (HEADS + 2 * GROUPS) * SIZE;
        float[] numbers = new float[count];
        float[] angles = new float[ROWS * SIZE];
        Random random = new Random(1);
        for (int i = 0; i < count; i++) {
            numbers[i] = random.nextFloat() - 0.5f;
        }
        for (int i = 0; i < angles.length; i++) {
            angles[i] = random.nextFloat();
        }
        try (Region operands = memory.take(1, count);
                Region table = memory.take(1, angles.length);
                Region result = memory.take(ROWS, HEADS * SIZE)) {
            memory.write(angles, table.start());
            memory.write(numbers, operands.start());
            launch(operands.start(), table.start(), result.start());
            float[] expected = read(result.start(), ROWS * HEADS * SIZE);
            int compilations = executor.compilations();
            for (int i = 0; i < 2; i++) {
                memory.write(numbers, operands.start());
                executor.together(() -> launch(operands.start(), table.start(), result.start()));
                assertThat(read(result.start(), ROWS * HEADS * SIZE)).containsExactly(expected);
                assertThat(executor.compilations()).isEqualTo(compilations + 1);
            }
        }
    }

    private void launch(int operands, int table, int result) {
        int keys = operands + ROWS * HEADS * SIZE;
        int values = keys + ROWS * GROUPS * SIZE;
        for (int heads : new int[] {HEADS, GROUPS}) {
            RotaryKernel.launch(
                    executor,
                    new RotaryKernel.Sizes(
                            ROWS,
                            heads,
                            SIZE,
                            ROWS,
                            0,
                            SIZE / 2,
                            heads == HEADS ? operands : keys,
                            heads * SIZE,
                            table));
        }
        AttentionKernel.launch(
                executor,
                new AttentionKernel.Sizes(
                        ROWS,
                        HEADS,
                        GROUPS,
                        HEADS / GROUPS,
                        SIZE,
                        SIZE,
                        ROWS,
                        0,
                        operands,
                        keys,
                        values,
                        result,
                        HEADS * SIZE,
                        0,
                        0));
    }

    @Test
    void whatIsNoLaunchComesAfterThoseBefore() {
        float[] numbers = {1, 2, 3};
        try (Region region = memory.take(1, 3)) {
            executor.together(() -> {
                CopyKernel.launch(executor, new CopyKernel.Sizes(1, 3, -1, 0, 0, region.start(), 3, 1));
                memory.write(numbers, region.start());
            });
            assertThat(read(region.start(), 3)).containsExactly(numbers);
        }
    }

    private float[] read(int start, int count) {
        float[] numbers = new float[count];
        memory.read(start, count, 1, count, (row, segment, offset) -> {
            for (int i = 0; i < count; i++) {
                numbers[i] = segment.get(ValueLayout.JAVA_FLOAT, offset + (long) i * Float.BYTES);
            }
        });
        return numbers;
    }
}
