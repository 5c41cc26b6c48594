package io.fastforward.backend.cpu.onednn;

import java.lang.foreign.MemorySegment;

/**
 * How the library wants the transposed weights of some outputs in bfloat16. It is asked, never assumed: it differs from
 * one instruction set to the next. All that is known of it is that blocks of outputs are equally far apart.
 *
 * @param inputs rows of the transposed weights
 * @param outputs columns of them, a multiple of the block
 * @param block outputs that lie together
 * @param bytes of the whole
 * @param blockBytes from one block of outputs to the next
 * @param description of the whole, for the library
 * @param pack brings a block of outputs, row by row, to its place
 * @param unpack brings it back
 */
record PackedLayout(
        int inputs,
        int outputs,
        int block,
        long bytes,
        long blockBytes,
        MemorySegment description,
        Execution pack,
        Execution unpack) {}
