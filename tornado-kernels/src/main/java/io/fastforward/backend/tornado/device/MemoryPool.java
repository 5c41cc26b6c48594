package io.fastforward.backend.tornado.device;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Which ranges of an array are free. First fit; neighbouring free ranges are joined. For any thread. */
public final class MemoryPool {

    /** Ranges begin at multiples of it: a cache line of a GPU is 128 bytes. */
    private static final int ALIGNMENT = 32;

    private final int capacity;
    private final TreeMap<Integer, Integer> free = new TreeMap<>();

    MemoryPool(int capacity) {
        this.capacity = capacity;
        if (capacity > 0) {
            free.put(0, capacity);
        }
    }

    int capacity() {
        return capacity;
    }

    /** Start of a range of so many elements, or -1 if there is none. */
    synchronized int take(long elements) {
        long needed = Math.max(ALIGNMENT, Math.ceilDiv(elements, (long) ALIGNMENT) * ALIGNMENT);
        Optional<Map.Entry<Integer, Integer>> fitting = free.entrySet().stream()
                .filter(range -> range.getValue() >= needed)
                .findFirst();
        if (fitting.isEmpty()) {
            return -1;
        }
        int start = fitting.get().getKey();
        int size = fitting.get().getValue();
        free.remove(start);
        if (size > needed) {
            free.put(start + (int) needed, size - (int) needed);
        }
        return start;
    }

    /** Gives a range back. */
    synchronized void giveBack(int start, long elements) {
        int size = (int) Math.max(ALIGNMENT, Math.ceilDiv(elements, (long) ALIGNMENT) * ALIGNMENT);
        int from = start;
        Map.Entry<Integer, Integer> before = free.floorEntry(start);
        if (before != null && before.getKey() + before.getValue() == start) {
            from = before.getKey();
            size += before.getValue();
        }
        Integer after = free.remove(from + size);
        if (after != null) {
            size += after;
        }
        free.put(from, size);
    }

    /** Elements of all free ranges together. */
    synchronized long free() {
        return free.values().stream().mapToLong(Integer::longValue).sum();
    }
}
