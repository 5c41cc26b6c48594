package io.fastforward.checkpoint;

import static io.fastforward.checkpoint.SafetensorsBytes.entry;
import static io.fastforward.checkpoint.SafetensorsBytes.file;
import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testing.FileMutations;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Damages valid files at random. The outcome is a failure that the user can read, or a file all of whose tensors can
 * be read; anything else that is thrown fails the test.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES) // a hang must not stop the build
class SafetensorsFuzzTest {

    private static final Pattern NUMBER = Pattern.compile("-?\\d+");
    private static final String[] NUMBERS = {
        "0",
        "-0",
        "1",
        "-1",
        "2",
        "3",
        "4",
        "8",
        "12",
        "24",
        "1e1",
        "0.5",
        "00",
        "65536",
        "2147483647",
        "2147483648",
        "4294967296",
        "1073741824",
        "4611686018427387904",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "99999999999999999999999999",
        "NaN",
        "null",
        "\"4\"",
        "[]",
        "{}",
        "true"
    };

    private static final List<byte[]> SEEDS = List.of(
            file("{}", 0),
            file("{" + entry("a", "F32", "[2,3]", 0, 24) + "}", 24),
            file(
                    "{\"__metadata__\":{\"format\":\"pt\"}," + entry("a", "BF16", "[3]", 0, 6) + ","
                            + entry("b.c", "F16", "[1,5]", 6, 16) + "," + entry("d", "I64", "[]", 16, 24) + "}     ",
                    24),
            file(
                    "{" + entry("z", "F4", "[4]", 0, 2) + "," + entry("e", "F32", "[0,9]", 2, 2) + ","
                            + entry("\u00e9\ud83d\ude00", "F32", "[1,1,2]", 2, 10) + ","
                            + entry("w", "BOOL", "[2]", 10, 12)
                            + "," + entry("v", "F32", "[1,3]", 12, 24) + "}",
                    24));

    private final SplittableRandom random = new SplittableRandom(20_250_611);
    private int whole;
    private int damaged;
    private int read;

    @Test
    void noDamagedFileDoesHarm() {
        int cases = FileMutations.cases(25_000);
        for (int i = 0; i < cases; i++) {
            byte[] file = SEEDS.get(random.nextInt(SEEDS.size()));
            for (int n = random.nextInt(1, 4); n > 0; n--) {
                file = mutate(file);
            }
            tryToRead(file);
        }
        System.out.println("fuzz of safetensors headers: " + cases + " cases, " + whole + " read, " + damaged
                + " refused, 0 others");
        // Both outcomes must be common, or the mutations are too wild or too tame to say anything.
        assertThat(whole).isGreaterThan(cases / 100);
        assertThat(damaged).isGreaterThan(cases / 2);
        assertThat(read).isGreaterThan(cases / 100);
    }

    private void tryToRead(byte[] bytes) {
        SafetensorsFile file;
        try {
            file = new SafetensorsFile(
                    Path.of("fuzzed"), MemorySegment.ofArray(bytes).asReadOnly());
        } catch (Failure e) {
            // Some damage makes it look like a file of another format.
            if (e.kind() != FailureKind.UNSUPPORTED_MODEL) {
                expect(FailureKind.BAD_CHECKPOINT, e);
            }
            damaged++;
            return;
        }
        whole++;
        long data = 0;
        for (String name : file.names()) {
            try {
                StoredTensor tensor = file.tensor(name);
                data += tensor.data().byteSize();
                readAll(tensor.matrix());
            } catch (Failure e) {
                expect(FailureKind.UNSUPPORTED_MODEL, e);
            }
        }
        assertThat(data).isLessThanOrEqualTo(bytes.length);
    }

    /** A plain comparison: a fluent assertion takes longer than the parser. */
    private static void expect(FailureKind kind, Failure failure) {
        if (failure.kind() != kind) {
            throw failure;
        }
    }

    private void readAll(Matrix matrix) {
        for (int row = 0; row < matrix.rows() && matrix.columns() > 0; row++) {
            for (int column = 0; column < matrix.columns(); column++) {
                float ignored = matrix.get(row, column);
                read++;
            }
        }
    }

    private byte[] mutate(byte[] file) {
        return switch (random.nextInt(7)) {
            case 0 -> flipBit(file);
            case 1 -> Arrays.copyOf(file, random.nextInt(file.length + 1));
            case 2 -> Arrays.copyOf(file, file.length + random.nextInt(1, 9));
            case 3 -> splice(file, SEEDS.get(random.nextInt(SEEDS.size())));
            case 4 -> splice(file, file);
            default -> replaceNumber(file);
        };
    }

    private byte[] flipBit(byte[] file) {
        if (file.length == 0) {
            return file;
        }
        byte[] flipped = file.clone();
        flipped[random.nextInt(file.length)] ^= (byte) (1 << random.nextInt(8));
        return flipped;
    }

    /** Replaces a slice of one file by a slice of another; half of the time the header's length is put right. */
    private byte[] splice(byte[] into, byte[] from) {
        int start = random.nextInt(into.length + 1);
        int end = random.nextInt(start, into.length + 1);
        int fromStart = random.nextInt(from.length + 1);
        int fromEnd = random.nextInt(fromStart, from.length + 1);
        ByteBuffer spliced = ByteBuffer.allocate(into.length - (end - start) + (fromEnd - fromStart))
                .order(ByteOrder.LITTLE_ENDIAN);
        spliced.put(into, 0, start).put(from, fromStart, fromEnd - fromStart).put(into, end, into.length - end);
        int headerEnd = headerEnd(into) + spliced.capacity() - into.length;
        if (start >= Long.BYTES && headerEnd >= Long.BYTES && random.nextBoolean()) {
            spliced.putLong(0, headerEnd - Long.BYTES);
        }
        return spliced.array();
    }

    /** Replaces a number of the header by a tricky one and puts the header's length right. */
    private byte[] replaceNumber(byte[] file) {
        int headerEnd = headerEnd(file);
        if (headerEnd <= Long.BYTES) {
            return file;
        }
        // One character for each byte, so that offsets in the text are offsets in the file.
        String header = new String(file, Long.BYTES, headerEnd - Long.BYTES, StandardCharsets.ISO_8859_1);
        List<MatchResult> numbers =
                new ArrayList<>(NUMBER.matcher(header).results().toList());
        if (numbers.isEmpty()) {
            return file;
        }
        MatchResult number = numbers.get(random.nextInt(numbers.size()));
        String tricky =
                random.nextInt(4) == 0 ? String.valueOf(random.nextLong(64)) : NUMBERS[random.nextInt(NUMBERS.length)];
        byte[] replaced = (header.substring(0, number.start()) + tricky + header.substring(number.end()))
                .getBytes(StandardCharsets.ISO_8859_1);
        return ByteBuffer.allocate(Long.BYTES + replaced.length + file.length - headerEnd)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(replaced.length)
                .put(replaced)
                .put(file, headerEnd, file.length - headerEnd)
                .array();
    }

    /** Where the header ends, as far as the file tells; never beyond the file. */
    private static int headerEnd(byte[] file) {
        if (file.length < Long.BYTES) {
            return 0;
        }
        long length =
                MemorySegment.ofArray(file).get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
        return (int) Math.clamp(length, 0L, file.length - Long.BYTES) + Long.BYTES;
    }
}
