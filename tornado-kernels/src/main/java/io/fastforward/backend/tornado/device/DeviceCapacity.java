package io.fastforward.backend.tornado.device;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How the memory of a device is divided. Its arrays are indexed with ints and cannot grow, so one holds matrices, and
 * several hold weights; those take memory only when they are first used.
 *
 * @param memoryElements numbers of 32 bits for matrices
 * @param weightArrays arrays for weights
 * @param weightElements numbers of 32 bits in each of them
 * @param operandElements numbers of 32 bits for the operands of products on tensor cores, if there are such
 */
public record DeviceCapacity(int memoryElements, int weightArrays, int weightElements, int operandElements) {

    private static final long MIB = 1 << 20;

    /** With 16-bit weights the number of an element is an int too. */
    private static final long MOST_WEIGHT_ELEMENTS = (1 << 30) - 64;

    private static final long MOST_MEMORY_ELEMENTS = Integer.MAX_VALUE - 64L;

    /** The inputs of 4096 tokens of a 7B model's widest map take 260 MiB. */
    private static final long MOST_OPERAND_BYTES = 512 * MIB;

    private static final int MOST_WEIGHT_ARRAYS = 16;
    private static final Pattern LIMIT = Pattern.compile("(\\d+)(B|KB|MB|GB)?");

    /**
     * Half of what single precision has: a device in bfloat16 is open beside one that computes everything else, and whose
     * layers are loaded in turn meanwhile.
     *
     * @param deviceBytes as in {@link #of}
     */
    public static DeviceCapacity ofBfloat16(long deviceBytes, long allocationBytes, String limit) {
        return divide(Math.min(deviceBytes, parse(limit)) / 2, allocationBytes, false);
    }

    /**
     * A division that leaves a tenth to the driver and to what travels.
     *
     * @param deviceBytes all memory
     * @param allocationBytes the largest array that the driver allows
     * @param limit what TornadoVM was told to use at most, as in {@code -Dtornado.device.memory}; empty: 4 GB
     * @param tensorCores whether operands of products need room
     */
    public static DeviceCapacity of(long deviceBytes, long allocationBytes, String limit, boolean tensorCores) {
        return divide(Math.min(deviceBytes, parse(limit)), allocationBytes, tensorCores);
    }

    private static DeviceCapacity divide(long usable, long allocationBytes, boolean tensorCores) {
        long operands = tensorCores ? Math.min(usable / 32, MOST_OPERAND_BYTES) : 0;
        long bytes = usable / 10 * 9 - operands;
        long largest = Math.max(allocationBytes - MIB, MIB);
        long memory = Math.min(Math.min(bytes / 3, largest) / Float.BYTES, MOST_MEMORY_ELEMENTS);
        long left = bytes - memory * Float.BYTES;
        long weights = Math.min(
                Math.min(Math.max(left / 8, 256 * MIB), Math.min(left, largest)) / Integer.BYTES, MOST_WEIGHT_ELEMENTS);
        int arrays = Math.clamp(left / (weights * Integer.BYTES), 1, MOST_WEIGHT_ARRAYS);
        return new DeviceCapacity((int) memory, arrays, (int) weights, (int) (operands / Integer.BYTES));
    }

    private static long parse(String limit) {
        Matcher matcher = LIMIT.matcher(limit.toUpperCase(Locale.ROOT).strip());
        if (!matcher.matches()) {
            return 4096 * MIB; // TornadoVM's default
        }
        String unit = matcher.group(2);
        int shift = switch (unit == null ? "B" : unit) {
            case "GB" -> 30;
            case "MB" -> 20;
            case "KB" -> 10;
            default -> 0;
        };
        return Long.parseLong(matcher.group(1)) << shift;
    }
}
