package io.fastforward.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files are read back as they were written, and no damage to one does more than to have it refused. */
class StoredFileTest {

    private static final int MUTATIONS = 3000;

    private static final Map<String, MetadataValue> METADATA = metadata();

    private static final List<TensorPlan> TENSORS = List.of(
            TensorPlan.vector("norm", 5),
            TensorPlan.matrix("half", TensorType.F16, 3, 7),
            TensorPlan.matrix("blocks", TensorType.Q8_0, 2, 64),
            TensorPlan.matrix("one", TensorType.BF16, 1, 1));

    @TempDir
    private Path directory;

    private static Map<String, MetadataValue> metadata() {
        Map<String, MetadataValue> metadata = new LinkedHashMap<>();
        metadata.put("text", new MetadataValue.Text("ä漢😀"));
        metadata.put("count", new MetadataValue.Count(0xFFFF_FFFFL));
        metadata.put("real", new MetadataValue.Real(1e-5f));
        metadata.put("flag", new MetadataValue.Flag(true));
        metadata.put("texts", new MetadataValue.Texts(List.of("", "Ġ a", "\u0000")));
        metadata.put("integers", new MetadataValue.Integers(List.of(-1, 0, 7)));
        metadata.put("reals", new MetadataValue.Reals(List.of(-0.5f, 3f)));
        return metadata;
    }

    private Path write() {
        Path path = directory.resolve("model.gguf");
        try (TensorFile file = new TensorFile(path, METADATA, TENSORS);
                Arena arena = Arena.ofConfined()) {
            for (TensorPlan tensor : TENSORS.reversed()) {
                file.write(tensor.name(), numbers(tensor, arena));
            }
            file.finish();
        }
        return path;
    }

    private static Matrix numbers(TensorPlan tensor, Arena arena) {
        Matrix matrix = Matrix.allocate(arena, DataType.F32, tensor.rows(), tensor.columns());
        for (int row = 0; row < matrix.rows(); row++) {
            for (int column = 0; column < matrix.columns(); column++) {
                matrix.set(row, column, row + column / 8f);
            }
        }
        return matrix;
    }

    @Test
    void whatIsWrittenIsReadBack() {
        try (Arena arena = Arena.ofConfined()) {
            StoredFile file = StoredFile.open(write(), arena);
            assertThat(file.metadata()).containsExactlyEntriesOf(METADATA);
            assertThat(file.tensors().values().stream().map(StoredFile.Place::plan))
                    .containsExactlyElementsOf(TENSORS);
            assertThat(file.tensors().values())
                    .allSatisfy(place ->
                            assertThat(place.offset() % FileHeader.ALIGNMENT).isZero());
            assertThat(file.matrix("half").get(2, 5)).isEqualTo(2.625f);
            assertThat(file.matrix("norm").get(0, 4)).isEqualTo(0.5f);
            assertThatIllegalArgumentException().isThrownBy(() -> file.matrix("blocks"));
            assertThatIllegalArgumentException().isThrownBy(() -> file.matrix("absent"));
        }
    }

    @Test
    void aFileThatIsCutOffIsRefused() throws IOException {
        byte[] whole = Files.readAllBytes(write());
        Path cut = directory.resolve("cut.gguf");
        // What is behind the last tensor only fills the file up.
        for (int length = 0; length <= whole.length - FileHeader.ALIGNMENT; length += length < 400 ? 1 : 37) {
            Files.write(cut, Arrays.copyOf(whole, length));
            int shown = length;
            try (Arena arena = Arena.ofConfined()) {
                assertThatIllegalArgumentException()
                        .as("%d bytes", shown)
                        .isThrownBy(() -> StoredFile.open(cut, arena));
            }
        }
    }

    @Test
    void damageIsRefusedOrDoesNotMatter() throws IOException {
        byte[] whole = Files.readAllBytes(write());
        SplittableRandom random = new SplittableRandom(3);
        Path damaged = directory.resolve("damaged.gguf");
        int refused = 0;
        for (int i = 0; i < MUTATIONS; i++) {
            byte[] bytes = whole.clone();
            int at = random.nextInt(500);
            bytes[at] = (byte) (random.nextBoolean() ? 0xFF : random.nextInt(256));
            Files.write(damaged, bytes);
            try (Arena arena = Arena.ofConfined()) {
                StoredFile file = StoredFile.open(damaged, arena);
                file.tensors().values().stream()
                        .filter(place -> place.plan().type() != TensorType.Q8_0)
                        .forEach(place -> file.matrix(place.plan().name()));
            } catch (IllegalArgumentException _) {
                refused++;
            }
        }
        assertThat(refused).isBetween(MUTATIONS / 10, MUTATIONS);
    }

    @Test
    void aTensorIsWrittenOnceInItsShapeAndNoneIsLeftOut() {
        Path path = directory.resolve("model.gguf");
        try (TensorFile file = new TensorFile(path, METADATA, TENSORS);
                Arena arena = Arena.ofConfined()) {
            Matrix norm = numbers(TENSORS.getFirst(), arena);
            file.write("norm", norm);
            assertThatIllegalArgumentException().isThrownBy(() -> file.write("norm", norm));
            assertThatIllegalArgumentException().isThrownBy(() -> file.write("other", norm));
            assertThatIllegalArgumentException().isThrownBy(() -> file.write("half", norm));
            assertThatIllegalStateException()
                    .isThrownBy(file::finish)
                    .withMessageContainingAll("half", "blocks", "one");
        }
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void halfACharacterIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> FileHeader.of(Map.of("key", new MetadataValue.Text("\ud800")), List.of()));
    }
}
