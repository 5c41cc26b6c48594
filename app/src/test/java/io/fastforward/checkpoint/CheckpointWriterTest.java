package io.fastforward.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fastforward.failure.FailureKind;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testing.Failures;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CheckpointWriterTest {

    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";
    private static final long ALL = Long.MAX_VALUE;

    @TempDir
    private Path directory;

    private final Arena arena = Arena.ofConfined();
    private final SplittableRandom random = new SplittableRandom(7);

    @BeforeEach
    void writeConfig() throws IOException {
        Files.writeString(directory.resolve("config.json"), "{}");
    }

    @AfterEach
    void freeMemory() {
        arena.close();
    }

    /** Every stored type from every source type, with shapes that are empty, odd, or larger than a chunk. */
    @ParameterizedTest
    @EnumSource
    void whatIsWrittenIsRead(DataType source) {
        List<TensorPlan> plan = new ArrayList<>();
        List<Matrix> data = new ArrayList<>();
        int[][] shapes = {{0, 0}, {0, 5}, {5, 0}, {1, 1}, {1, 7}, {3, 5}, {129, 33}, {1001, 1}, {3, 180_001}};
        for (int[] shape : shapes) {
            // A slice, so that rows do not follow each other.
            Matrix slice = random(source, shape[0], shape[1] + 3).leadingColumns(shape[1]);
            for (DataType stored : DataType.values()) {
                plan.add(plan(plan.size() + " é \"", stored, shape[0], shape[1]));
                data.add(slice);
            }
        }
        for (int length : new int[] {0, 11}) {
            plan.add(new TensorPlan("vector of " + length, source, List.of((long) length)));
            data.add(random(source, 1, length));
        }
        write(plan, ALL, data);
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            assertThat(checkpoint.names()).hasSameSizeAs(plan);
            for (int i = 0; i < plan.size(); i++) {
                StoredTensor read = checkpoint.tensor(plan.get(i).name());
                assertThat(read.type()).isEqualTo(plan.get(i).type());
                assertThat(read.shape()).isEqualTo(plan.get(i).shape());
                assertRounded(read.matrix(), data.get(i));
            }
        }
    }

    @Test
    void numbersOfTheSameTypeKeepTheirBits() {
        Matrix data = Matrix.allocate(arena, DataType.F32, 1, 3);
        int[] bits = {0x7F800001, 0x80000000, 0x00000001}; // a signalling NaN, minus zero, a subnormal number
        MemorySegment.copy(bits, 0, data.data(), ValueLayout.JAVA_INT, 0, 3);
        write(List.of(plan("a", DataType.F32, 1, 3)), ALL, List.of(data));
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            MemorySegment read = checkpoint.tensor("a").data();
            assertThat(MemorySegment.mismatch(read, 0, 12, data.data(), 0, 12)).isEqualTo(-1);
        }
    }

    @Test
    void everyTensorIsAlignedToItsNumbers() throws IOException {
        List<TensorPlan> plan = List.of(
                plan("a", DataType.BF16, 1, 1),
                plan("b", DataType.F32, 1, 1),
                plan("c", DataType.F16, 3, 1),
                plan("d", DataType.F32, 1, 3));
        write(plan, ALL, plan.stream().map(this::random).toList());
        byte[] file = Files.readAllBytes(directory.resolve(SINGLE));
        SafetensorsHeader header = SafetensorsHeader.parse(SINGLE, MemorySegment.ofArray(file));
        assertThat(header.dataOffset() % 8).isZero();
        assertThat(header.entries()).extracting(SafetensorsHeader.Entry::name).containsExactly("b", "d", "a", "c");
        assertThat(header.entries())
                .allMatch(entry -> entry.begin() % (entry.type().bits() / 8) == 0);
        String json = new String(file, 8, (int) header.dataOffset() - 8, StandardCharsets.UTF_8);
        assertThat(json).startsWith("{\"__metadata__\":{\"format\":\"pt\"},");
        assertThat(MemorySegment.ofArray(file)
                        .get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0))
                .isEqualTo(json.length());
    }

    @Test
    void shardsHoldAsManyTensorsAsFit() throws IOException {
        List<TensorPlan> plan = List.of(
                plan("a", DataType.F32, 1, 5), // 20 bytes
                plan("b", DataType.F32, 1, 5), // 20: exactly fills the first shard
                plan("c", DataType.F32, 1, 0),
                plan("d", DataType.F32, 1, 1),
                plan("e", DataType.F32, 3, 9), // 108: alone, since it exceeds a shard
                plan("f", DataType.F32, 1, 1));
        List<Matrix> data = plan.stream().map(this::random).toList();
        write(plan, 40, data);
        assertThat(files())
                .containsExactly(
                        "config.json",
                        "model-00001-of-00004.safetensors",
                        "model-00002-of-00004.safetensors",
                        "model-00003-of-00004.safetensors",
                        "model-00004-of-00004.safetensors",
                        INDEX);
        JsonNode index = new ObjectMapper().readTree(Files.readAllBytes(directory.resolve(INDEX)));
        assertThat(index.path("metadata").path("total_size").asLong()).isEqualTo(156);
        assertThat(index.path("weight_map").properties())
                .extracting(
                        tensor -> tensor.getKey() + tensor.getValue().asText().substring(9, 11))
                .containsExactly("a01", "b01", "c01", "d02", "e03", "f04");
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            for (int i = 0; i < plan.size(); i++) {
                assertRounded(checkpoint.tensor(plan.get(i).name()).matrix(), data.get(i));
            }
        }
    }

    @Test
    void anEmptyPlanMakesAValidCheckpoint() {
        write(List.of(), 1, List.of());
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            assertThat(checkpoint.names()).isEmpty();
        }
    }

    @Test
    void nothingStaysIfTheWriterIsNotFinished() throws IOException {
        List<TensorPlan> plan = List.of(plan("a", DataType.F32, 1, 5), plan("b", DataType.F32, 1, 5));
        try (CheckpointWriter writer = CheckpointWriter.open(directory, plan, 1)) {
            writer.write("a", random(plan.getFirst()));
            assertThat(files()).hasSize(3).noneMatch(name -> name.endsWith(".safetensors"));
            assertThatThrownBy(writer::finish)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("'b' was not written");
        }
        assertThat(files()).containsExactly("config.json");
    }

    @Test
    void nothingStaysIfFinishingFails() throws IOException {
        List<TensorPlan> plan = List.of(plan("a", DataType.F32, 1, 5), plan("b", DataType.F32, 1, 5));
        Path obstacle = directory.resolve("model-00002-of-00002.safetensors");
        try (CheckpointWriter writer = CheckpointWriter.open(directory, plan, 1)) {
            writer.write("a", random(plan.get(0)));
            writer.write("b", random(plan.get(1)));
            Files.createDirectory(obstacle); // the first shard gets its name, the second does not
            Failures.expect(FailureKind.STORAGE, writer::finish, "cannot write '" + obstacle, "Is a directory");
            Files.delete(obstacle);
        }
        assertThat(files()).containsExactly("config.json");
    }

    @Test
    void wrongUseIsRefused() {
        TensorPlan a = plan("a", DataType.F32, 2, 3);
        TensorPlan b = plan("b", DataType.F32, 1, 1);
        assertThatThrownBy(() -> CheckpointWriter.open(directory, List.of(a, a), ALL))
                .hasMessageContaining("'a' is planned twice");
        assertThatThrownBy(() -> CheckpointWriter.open(directory, List.of(a), 0))
                .hasMessageContaining("at least 1");
        CheckpointWriter writer = CheckpointWriter.open(directory, List.of(a, b), ALL);
        try (writer) {
            refused(writer, "b", random(b), "'a' is next, but got 'b'");
            refused(writer, "a", random(b), "planned as [2, 3], but got 1 × 1");
            writer.write("a", random(a));
            refused(writer, "a", random(a), "'b' is next, but got 'a'");
            writer.write("b", random(b));
            refused(writer, "c", random(b), "after all planned ones");
            writer.finish();
            assertThatThrownBy(writer::finish).isInstanceOf(IllegalStateException.class);
        }
        refused(writer, "a", random(a), "finished or closed");
        assertThat(directory.resolve(SINGLE)).exists();
    }

    @Test
    void weightsAreNeverOverwritten() throws IOException {
        for (String name : List.of(SINGLE, INDEX)) {
            Path path = Files.writeString(directory.resolve(name), "old");
            Failures.expect(
                    FailureKind.OUTPUT_NOT_EMPTY,
                    () -> CheckpointWriter.open(directory, List.of(), ALL),
                    directory.toString(),
                    "already holds " + name);
            assertThat(path).hasContent("old");
            Files.delete(path);
        }
    }

    @Test
    void aDirectoryThatCannotBeWrittenIsNamed() {
        Path nothing = directory.resolve("nothing");
        Failures.expect(
                FailureKind.STORAGE,
                () -> CheckpointWriter.open(nothing, List.of(plan("a", DataType.F32, 1, 1)), ALL),
                "cannot write '" + nothing.resolve(SINGLE),
                "does not exist");
    }

    @Test
    void aFullDiskIsExplained() {
        Path path = directory.resolve("model.safetensors");
        assertThat(StorageFailure.of(path, 12_345, new IOException("No space left on device")))
                .hasMessageContainingAll(path.toString(), ": No space left on device;", "needs 12345 bytes", " left;");
    }

    @Test
    void plansThatNoMatrixFitsAreRefused() {
        for (List<Long> shape : List.of(List.<Long>of(), List.of(1L, 1L, 1L), List.of(-1L), List.of(1L << 31, 1L))) {
            assertThatThrownBy(() -> new TensorPlan("a", DataType.F32, shape))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'a'");
        }
        assertThatThrownBy(() -> plan("__metadata__", DataType.F32, 1, 1)).hasMessageContaining("reserves");
    }

    private void write(List<TensorPlan> plan, long shardBytes, List<Matrix> data) {
        try (CheckpointWriter writer = CheckpointWriter.open(directory, plan, shardBytes)) {
            for (int i = 0; i < plan.size(); i++) {
                writer.write(plan.get(i).name(), data.get(i));
            }
            writer.finish();
        }
    }

    private static void refused(CheckpointWriter writer, String name, Matrix data, String words) {
        assertThatThrownBy(() -> writer.write(name, data))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(words);
    }

    private static TensorPlan plan(String name, DataType type, long rows, long columns) {
        return new TensorPlan(name, type, List.of(rows, columns));
    }

    private Matrix random(TensorPlan plan) {
        return random(
                DataType.F32,
                plan.shape().get(0).intValue(),
                plan.shape().get(1).intValue());
    }

    private Matrix random(DataType type, int rows, int columns) {
        Matrix matrix = Matrix.allocate(arena, type, rows, columns);
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                matrix.set(row, column, random.nextFloat() - 0.5f);
            }
        }
        return matrix;
    }

    /** Compares with an element-wise reference; plain loops, since there are millions. */
    private static void assertRounded(Matrix actual, Matrix source) {
        int different = 0;
        for (int row = 0; row < source.rows(); row++) {
            for (int column = 0; column < source.columns(); column++) {
                float exact = source.get(row, column);
                float expected = switch (actual.type()) {
                    case F32 -> exact;
                    case F16 -> Float.float16ToFloat(Float.floatToFloat16(exact));
                    case BF16 -> Float.intBitsToFloat(DataType.toBfloat16(exact) << 16);
                };
                if (Float.compare(actual.get(row, column), expected) != 0) {
                    different++;
                }
            }
        }
        assertThat(different).isZero();
    }

    private List<String> files() throws IOException {
        try (Stream<Path> children = Files.list(directory)) {
            return children.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }
}
