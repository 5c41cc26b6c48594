package io.fastforward.checkpoint;

import static io.fastforward.checkpoint.SafetensorsBytes.entry;
import static io.fastforward.checkpoint.SafetensorsBytes.file;
import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.testing.Failures;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** One test for each rule that a header can break. */
class SafetensorsHeaderTest {

    @Test
    void aValidHeaderIsRead() {
        String header = "{\"__metadata__\":{\"format\":\"pt\",\"note\":\"\"},"
                + entry("second", "F32", "[2, 1]", 6, 14) + ","
                + entry("first", "BF16", "[3]", 0, 6) + ","
                + entry("empty", "I64", "[0,7]", 14, 14) + ","
                + entry("scalar", "BOOL", "[]", 14, 15) + "}   \n\t ";
        SafetensorsHeader read = parse(file(header, 15));
        assertThat(read.dataOffset()).isEqualTo(8 + header.length());
        assertThat(read.entries())
                .containsExactly(
                        new SafetensorsHeader.Entry("first", StoredType.BF16, List.of(3L), 0, 6),
                        new SafetensorsHeader.Entry("second", StoredType.F32, List.of(2L, 1L), 6, 14),
                        new SafetensorsHeader.Entry("empty", StoredType.I64, List.of(0L, 7L), 14, 14),
                        new SafetensorsHeader.Entry("scalar", StoredType.BOOL, List.of(), 14, 15));
    }

    @Test
    void aFileWithoutTensorsIsValid() {
        assertThat(parse(file("{}", 0)).entries()).isEmpty();
    }

    @Test
    void packedTypesMustFillWholeBytes() {
        assertThat(parse(file("{" + entry("t", "F4", "[2,3]", 0, 3) + "}", 3)).entries())
                .hasSize(1);
        damaged("{" + entry("t", "F4", "[3]", 0, 2) + "}", 2, "'t' occupies 2 bytes", "F4[3]");
        damaged("{" + entry("t", "F4", "[3]", 0, 1) + "}", 1, "'t' occupies 1 bytes");
    }

    @Test
    void theLengthOfTheHeaderMustBeThere() {
        damaged(new byte[0], "has 0 bytes");
        damaged(new byte[7], "has 7 bytes");
    }

    @Test
    void theHeaderMustFitIntoTheFile() {
        byte[] json = "{}".getBytes(StandardCharsets.UTF_8);
        damaged(file(3, json, 0), "header of 3 bytes", "only 2 bytes follow");
        damaged(file(100_000_000, json, 0), "only 2 bytes follow");
    }

    @Test
    void theHeaderIsLimited() {
        byte[] json = "{}".getBytes(StandardCharsets.UTF_8);
        damaged(file(100_000_001, json, 0), "header of 100000001 bytes", "at most 100000000");
        damaged(file(-1, json, 0), "header of 18446744073709551615 bytes");
        damaged(file(Long.MIN_VALUE, json, 0), "header of 9223372036854775808 bytes");
    }

    @Test
    void theHeaderMustBeAnObject() {
        damaged("", 4, "does not begin with '{'");
        damaged("[]", 0, "does not begin with '{'");
        damaged(" {}", 0, "does not begin with '{'");
    }

    @Test
    void theHeaderMustBeJson() {
        damaged("{", 0, "not valid JSON");
        damaged("{\"a\"}", 0, "not valid JSON");
        damaged("{'a':1}", 0, "not valid JSON");
        damaged("{\"a\":{\"dtype\":\"F32\",}}", 0, "not valid JSON");
        damaged("{}{}", 0, "goes on after the closing '}'");
        damaged("{}\0", 0, "not valid JSON");
        byte[] utf16 = "{}".getBytes(StandardCharsets.UTF_16LE);
        damaged(file(utf16.length, utf16, 0), "not valid JSON");
        byte[] malformed = {'{', '"', (byte) 0xFF, '"', ':', '1', '}'};
        damaged(file(malformed.length, malformed, 0), "not valid JSON");
    }

    @Test
    void nestingIsLimited() {
        damaged("{\"a\":{\"shape\":[" + "[".repeat(100_000), 0, "nesting depth");
        damaged("{\"__metadata__\":" + "{\"a\":".repeat(100_000), 0, "other than a string");
    }

    @Test
    void duplicateKeysAreRejected() {
        String t = entry("t", "F32", "[1]", 0, 4);
        damaged("{" + t + "," + t + "}", 4, "not valid JSON", "Duplicate");
        damaged("{\"t\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "Duplicate");
        damaged("{\"__metadata__\":{\"a\":\"1\",\"a\":\"1\"}}", 0, "Duplicate");
    }

    @Test
    void metadataHoldsOnlyStrings() {
        damaged("{\"__metadata__\":[]}", 0, "__metadata__ is not an object");
        damaged("{\"__metadata__\":{\"version\":1}}", 0, "other than a string in 'version'");
    }

    @Test
    void metadataIsLimited() {
        StringBuilder keys = new StringBuilder("\"0\":\"\"");
        for (int i = 1; i < 10_000; i++) {
            keys.append(",\"").append(i).append("\":\"\"");
        }
        assertThat(parse(file("{\"__metadata__\":{" + keys + "}}", 0)).entries())
                .isEmpty();
        damaged("{\"__metadata__\":{" + keys + ",\"x\":\"\"}}", 0, "__metadata__ has more than 10000 keys");
        String longValue = "x".repeat(30_000_000);
        assertThat(parse(file("{\"__metadata__\":{\"a\":\"" + longValue + "\"}}", 0))
                        .entries())
                .isEmpty();
    }

    @Test
    void anEntryIsAnObject() {
        damaged("{\"t\":\"F32\"}", 0, "tensor 't' is not described by an object");
    }

    @Test
    void anEntryHasNoUnknownKeys() {
        damaged(
                "{\"t\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"stride\":[1]}}",
                4,
                "tensor 't' has the unknown key 'stride'");
    }

    @Test
    void anEntryIsComplete() {
        damaged("{\"t\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "'t' lacks one of dtype");
        damaged("{\"t\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "'t' lacks one of");
        damaged("{\"t\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "'t' lacks one of");
        damaged("{\"t\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4]}}", 4, "'t' lacks one of");
        damaged("{\"t\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,4]}}", 4, "more than 2 numbers");
    }

    @Test
    void theTypeIsKnown() {
        damaged("{" + entry("t", "F31", "[1]", 0, 4) + "}", 4, "dtype 'F31'", "does not know");
        damaged("{" + entry("t", "f32", "[1]", 0, 4) + "}", 4, "dtype 'f32'");
        damaged("{\"t\":{\"dtype\":32}}", 4, "a dtype that is not a string");
    }

    @Test
    void theShapeIsAListOfWholeNumbers() {
        damaged("{" + entry("t", "F32", "4", 0, 4) + "}", 4, "the shape of tensor 't' is not a list");
        damaged("{" + entry("t", "F32", "[1.0]", 0, 4) + "}", 4, "other than a whole number");
        damaged("{" + entry("t", "F32", "[\"1\"]", 0, 4) + "}", 4, "other than a whole number");
        damaged("{" + entry("t", "F32", "[null]", 0, 4) + "}", 4, "other than a whole number");
        damaged("{" + entry("t", "F32", "[-1]", 0, 4) + "}", 4, "the negative number -1");
        damaged("{" + entry("t", "F32", "[-1,-1]", 0, 4) + "}", 4, "the negative number -1");
        damaged("{" + entry("t", "F32", "[9223372036854775808]", 0, 4) + "}", 4, "not valid JSON");
        damaged("{" + entry("t", "F32", "[1" + "0".repeat(1000) + "]", 0, 4) + "}", 4, "not valid JSON");
        damaged("{" + entry("t", "F32", "[1" + ",1".repeat(16) + "]", 0, 4) + "}", 4, "more than 16 numbers");
    }

    @Test
    void theSizeOfATensorMustNotOverflow() {
        damaged("{" + entry("t", "F32", "[9223372036854775807]", 0, 4) + "}", 4, "'t' is too large");
        // 2⁶² · 4 bytes is 0 modulo 2⁶⁴.
        damaged("{" + entry("t", "F32", "[4611686018427387904]", 0, 0) + "}", 0, "'t' is too large");
        damaged("{" + entry("t", "U8", "[4294967296,4294967296]", 0, 0) + "}", 0, "'t' is too large");
    }

    @Test
    void shapeAndTypeMustGiveTheSizeOfTheData() {
        damaged("{" + entry("t", "F32", "[2,3]", 0, 20) + "}", 20, "'t' occupies 20 bytes", "F32[2, 3] needs 24");
        damaged("{" + entry("t", "F32", "[]", 0, 8) + "}", 8, "'t' occupies 8 bytes", "needs 4");
    }

    @Test
    void aTensorMustNotEndBeforeItsStart() {
        damaged("{" + entry("t", "F32", "[1]", 8, 4) + "}", 8, "'t' ends at byte 4, before its start at 8");
    }

    @Test
    void offsetsMustNotBeNegative() {
        damaged("{" + entry("t", "F32", "[1]", -4, 0) + "}", 4, "the negative number -4");
    }

    @Test
    void tensorsMustNotOverlap() {
        damaged(
                "{" + entry("a", "F32", "[2]", 0, 8) + "," + entry("b", "F32", "[2]", 4, 12) + "}",
                12,
                "tensor 'b' begins at byte 4",
                "before it ends at 8");
        damaged(
                "{" + entry("a", "F32", "[1]", 0, 4) + "," + entry("b", "F32", "[1]", 0, 4) + "}",
                4,
                "begins at byte 0");
    }

    @Test
    void thereAreNoGapsBetweenTensors() {
        damaged("{" + entry("a", "F32", "[1]", 4, 8) + "}", 8, "tensor 'a' begins at byte 4", "ends at 0");
        damaged(
                "{" + entry("a", "F32", "[1]", 0, 4) + "," + entry("b", "F32", "[1]", 5, 9) + "}",
                9,
                "tensor 'b' begins at byte 5");
        damaged("{" + entry("a", "F32", "[0]", 4, 4) + "}", 4, "tensor 'a' begins at byte 4");
    }

    @Test
    void aCutFileIsRecognised() {
        damaged("{" + entry("a", "F32", "[3]", 0, 12) + "}", 11, "cut off", "need 12 bytes", "only 11");
    }

    @Test
    void nothingFollowsTheLastTensor() {
        damaged("{" + entry("a", "F32", "[3]", 0, 12) + "}", 13, "1 bytes follow its last tensor");
        damaged("{}", 1, "1 bytes follow its last tensor");
    }

    @Test
    void namesThatWouldGarbleTheMessageAreMadePlain() {
        String name = "a\\n\\u001b[31m\\u202e" + "x".repeat(5000);
        damaged("{" + entry(name, "F31", "[1]", 0, 4) + "}", 4, "tensor 'a\uFFFD\uFFFD[31m\uFFFDxxx", "…");
    }

    private static SafetensorsHeader parse(byte[] file) {
        return SafetensorsHeader.parse("dir/model.safetensors", MemorySegment.ofArray(file));
    }

    private static void damaged(String header, int dataBytes, String... words) {
        damaged(file(header, dataBytes), words);
    }

    private static void damaged(byte[] file, String... words) {
        Failures.expect(FailureKind.BAD_CHECKPOINT, () -> parse(file), words);
        Failures.expect(
                FailureKind.BAD_CHECKPOINT, () -> parse(file), "'dir/model.safetensors' is not", "download or convert");
    }
}
