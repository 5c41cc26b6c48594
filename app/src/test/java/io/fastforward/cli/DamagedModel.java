package io.fastforward.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.testing.DemoModel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * A copy of the demo model for a test to damage.
 *
 * @param directory where it lies
 */
record DamagedModel(Path directory) {

    private static final ObjectMapper JSON = new ObjectMapper();

    static DamagedModel copyTo(Path directory) throws IOException {
        Files.createDirectories(directory);
        for (String name : new String[] {"config.json", "model.safetensors", "tokenizer.json"}) {
            Files.copy(DemoModel.directory().resolve(name), directory.resolve(name));
        }
        return new DamagedModel(directory);
    }

    Path without(String name) throws IOException {
        Files.delete(directory.resolve(name));
        return directory;
    }

    Path with(String name, String contents) throws IOException {
        Files.writeString(directory.resolve(name), contents);
        return directory;
    }

    Path withConfig(Consumer<ObjectNode> change) throws IOException {
        Path file = directory.resolve("config.json");
        ObjectNode config = (ObjectNode) JSON.readTree(file.toFile());
        change.accept(config);
        JSON.writeValue(file.toFile(), config);
        return directory;
    }

    /** Cut to a share of its bytes. */
    Path cut(double share) throws IOException {
        byte[] bytes = Files.readAllBytes(weights());
        Files.write(weights(), Arrays.copyOf(bytes, (int) (share * bytes.length)));
        return directory;
    }

    /** One weight of a tensor replaced. */
    Path withWeight(String tensor, short bfloat16) throws IOException {
        byte[] bytes = Files.readAllBytes(weights());
        int offset = header(bytes).get(tensor).get("data_offsets").get(0).intValue();
        littleEndian(bytes).putShort(Long.BYTES + headerSize(bytes) + offset, bfloat16);
        Files.write(weights(), bytes);
        return directory;
    }

    /** A tensor of the same bytes declared as 64-bit whole numbers. */
    Path withWholeNumbers(String tensor) throws IOException {
        byte[] bytes = Files.readAllBytes(weights());
        ObjectNode header = header(bytes);
        ObjectNode entry = (ObjectNode) header.get(tensor);
        int rows = entry.get("shape").get(0).intValue();
        int columns = entry.get("shape").get(1).intValue();
        entry.put("dtype", "I64").putArray("shape").add(rows / 4).add(columns);
        byte[] text = header.toString().getBytes(StandardCharsets.UTF_8);
        System.arraycopy(text, 0, bytes, Long.BYTES, text.length);
        Arrays.fill(bytes, Long.BYTES + text.length, Long.BYTES + headerSize(bytes), (byte) ' ');
        Files.write(weights(), bytes);
        return directory;
    }

    private static ObjectNode header(byte[] bytes) throws IOException {
        return (ObjectNode) JSON.readTree(bytes, Long.BYTES, headerSize(bytes));
    }

    private static int headerSize(byte[] bytes) {
        return Math.toIntExact(littleEndian(bytes).getLong(0));
    }

    private static ByteBuffer littleEndian(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private Path weights() {
        return directory.resolve("model.safetensors");
    }
}
