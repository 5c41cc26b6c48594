package io.fastforward.backend.cpu.onednn;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Something that the library can execute on several threads at a time, since it keeps nothing for itself: each brings a
 * scratchpad of its own. (With the library's scratchpad, the same product on two threads gave wrong results without a word.)
 *
 * @param primitive what to execute
 * @param operands descriptions of what it is given, in the order of {@code numbers}
 * @param numbers by which the library knows its operands
 * @param scratchpad description of the scratchpad
 * @param scratchpadBytes its size
 */
record Execution(
        MemorySegment primitive,
        List<MemorySegment> operands,
        List<Integer> numbers,
        MemorySegment scratchpad,
        long scratchpadBytes) {}
