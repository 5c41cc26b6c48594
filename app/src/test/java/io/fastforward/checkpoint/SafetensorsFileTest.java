package io.fastforward.checkpoint;

import static io.fastforward.checkpoint.SafetensorsBytes.entry;
import static io.fastforward.checkpoint.SafetensorsBytes.file;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fastforward.failure.FailureKind;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testing.Failures;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsFileTest {

    @TempDir
    private Path directory;

    @Test
    void tensorsBeyondTwoGibibytesAreRead() throws IOException {
        assumeTrue(Files.getFileStore(directory).getUsableSpace() > 4L << 30, "room, should the file not be sparse");
        long numbers = 1_250_000_000;
        long bytes = numbers * 2;
        Path path = directory.resolve("large.safetensors");
        byte[] head = file(
                "{" + entry("low", "BF16", "[" + numbers + "]", 0, bytes) + ","
                        + entry("high", "F32", "[3]", bytes, bytes + 12) + "}",
                0);
        try (RandomAccessFile large = new RandomAccessFile(path.toFile(), "rw")) {
            large.write(head);
            large.setLength(head.length + bytes + 12);
            large.seek(head.length + bytes - 2);
            large.write(new byte[] {(byte) 0x80, 0x3F}); // 1 as bfloat16
            large.seek(head.length + bytes + 8);
            large.write(new byte[] {0, 0, 0, 0x40}); // 2 as a float
        }
        try (Arena arena = Arena.ofConfined()) {
            SafetensorsFile file = SafetensorsFile.map(path, arena);
            Matrix low = file.tensor("low").matrix();
            assertThat(low.columns()).isEqualTo(1_250_000_000);
            assertThat(low.get(0, 0)).isZero();
            assertThat(low.get(0, low.columns() - 1)).isEqualTo(1f);
            Matrix high = file.tensor("high").matrix();
            assertThat(List.of(high.get(0, 0), high.get(0, 1), high.get(0, 2))).containsExactly(0f, 0f, 2f);
            assertThat(file.dataBytes()).isEqualTo(bytes + 12);
        }
    }

    @Test
    void theMappingIsReadOnly() throws IOException {
        Path path = directory.resolve("small.safetensors");
        Files.write(path, file("{" + entry("t", "F32", "[1]", 0, 4) + "}", 4));
        try (Arena arena = Arena.ofConfined()) {
            StoredTensor tensor = SafetensorsFile.map(path, arena).tensor("t");
            assertThat(tensor.data().isReadOnly()).isTrue();
            assertThat(tensor.data().byteSize()).isEqualTo(4);
        }
    }

    @Test
    void aTypeThatCannotBeReadHurtsOnlyWhenItIsAskedFor() {
        SafetensorsFile file = new SafetensorsFile(
                Path.of("m"),
                MemorySegment.ofArray(file(
                        "{" + entry("weight", "F16", "[1]", 0, 2) + "," + entry("mask", "I64", "[1]", 2, 10) + "}",
                        10)));
        assertThat(file.names()).containsExactly("weight", "mask");
        assertThat(file.tensor("weight").type()).isEqualTo(DataType.F16);
        Failures.expect(
                FailureKind.UNSUPPORTED_MODEL, () -> file.tensor("mask"), "'mask' of 'm' is stored as I64", "F32, F16");
        assertThatThrownBy(() -> file.tensor("nothing")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void onlyVectorsAndMatricesAreMatrices() {
        SafetensorsFile file = new SafetensorsFile(
                Path.of("m"),
                MemorySegment.ofArray(file(
                        "{" + entry("scalar", "F32", "[]", 0, 4) + "," + entry("vector", "F32", "[1]", 4, 8) + ","
                                + entry("cube", "F32", "[1,1,1]", 8, 12) + ","
                                + entry("wide", "F32", "[0,2147483648]", 12, 12) + "}",
                        12)));
        assertThat(file.tensor("vector").matrix().rows()).isEqualTo(1);
        for (String name : List.of("scalar", "cube", "wide")) {
            Failures.expect(
                    FailureKind.UNSUPPORTED_MODEL, () -> file.tensor(name).matrix(), name, "a vector or a matrix");
        }
    }

    @Test
    void aMissingFileIsNamed() {
        try (Arena arena = Arena.ofConfined()) {
            for (Path path : List.of(directory, directory.resolve("nothing"))) {
                Failures.expect(
                        FailureKind.NOT_FOUND, () -> SafetensorsFile.map(path, arena), path.toString(), "not exist");
            }
        }
    }

    @Test
    void anEmptyFileIsDamaged() throws IOException {
        Path path = Files.writeString(directory.resolve("empty.safetensors"), "", StandardCharsets.UTF_8);
        try (Arena arena = Arena.ofConfined()) {
            Failures.expect(FailureKind.BAD_CHECKPOINT, () -> SafetensorsFile.map(path, arena), "is empty");
        }
    }
}
