package io.fastforward.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fastforward.spi.tensor.Matrix;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** What PyTorch and transformers computed in float32; see scripts/golden. */
public final class Golden {

    private static final Path DIRECTORY = Path.of("src/test/resources/golden");

    private Golden() {}

    /** The tiny models of all families and variants. */
    public static Stream<String> families() {
        return Stream.of(
                "tiny-opt",
                "tiny-opt-post-norm",
                "tiny-mistral",
                "tiny-qwen2",
                "tiny-qwen2-untied",
                "tiny-llama2",
                "tiny-gqa",
                "tiny-llama3",
                "tiny-llama32");
    }

    /** A file or directory among the golden ones. */
    public static Path path(String name) {
        return DIRECTORY.resolve(name);
    }

    /** A golden file. */
    public static JsonNode read(String name) {
        try {
            return new ObjectMapper().readTree(path(name).toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A tensor of any shape, row-major. */
    public static float[] floats(JsonNode array) {
        ByteBuffer bytes = ByteBuffer.wrap(
                        Base64.getDecoder().decode(array.path("float32").asText()))
                .order(ByteOrder.LITTLE_ENDIAN);
        float[] values = new float[bytes.remaining() / Float.BYTES];
        bytes.asFloatBuffer().get(values);
        return values;
    }

    /** A list of token ids. */
    public static int[] ints(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .mapToInt(JsonNode::intValue)
                .toArray();
    }

    /** A list of numbers. */
    public static double[] doubles(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .mapToDouble(JsonNode::doubleValue)
                .toArray();
    }

    /** Largest difference ÷ largest expected value; NaN if anything is NaN. */
    public static double relativeDifference(float[] expected, float[] actual) {
        if (expected.length != actual.length || expected.length == 0) {
            throw new AssertionError("expected " + expected.length + " numbers, but got " + actual.length);
        }
        double largest = 0;
        double difference = 0;
        for (int i = 0; i < expected.length; i++) {
            largest = Math.max(largest, Math.abs(expected[i]));
            difference = Math.max(difference, Math.abs((double) expected[i] - actual[i]));
        }
        return difference / largest;
    }

    /** All elements of a matrix, row-major. */
    public static float[] elements(Matrix matrix) {
        float[] values = new float[matrix.rows() * matrix.columns()];
        for (int i = 0; i < values.length; i++) {
            values[i] = matrix.get(i / matrix.columns(), i % matrix.columns());
        }
        return values;
    }

    /** Logits after every token of one sequence, as check_export.py reads them. */
    public static String sequences(int[] tokens, float[] logits) {
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * logits.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(logits);
        return "{\"sequences\":[{\"tokens\":%s,\"logits\":{\"shape\":[%d,%d],\"float32\":\"%s\"}}]}"
                .formatted(
                        Arrays.toString(tokens),
                        tokens.length,
                        logits.length / tokens.length,
                        Base64.getEncoder().encodeToString(bytes.array()));
    }

    /** A greedy continuation, as check_export.py reads it. */
    public static String generation(int[] prompt, int[] generated) {
        return "{\"prompt\":%s,\"prunedGenerated\":%s}".formatted(Arrays.toString(prompt), Arrays.toString(generated));
    }

    /** The most likely token after the last one. */
    public static int last(float[] logits, int vocabulary) {
        int best = 0;
        int first = logits.length - vocabulary;
        for (int token = 1; token < vocabulary; token++) {
            best = logits[first + token] > logits[first + best] ? token : best;
        }
        return best;
    }
}
