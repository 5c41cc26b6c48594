package io.fastforward.backend.tornado;

import java.lang.foreign.MemorySegment;

/**
 * A device with memory for single-precision numbers, some arrays for stored weights, and kernels that work on them.
 * Work-items in excess of what is asked for may be started to fill the last groups. Used from one thread at a time.
 * Whatever a call is given may be changed when it returns.
 *
 * <p>All calls throw {@link io.fastforward.spi.DeviceException} if the device fails and {@link OutOfMemoryError} if it
 * has less room than it said.
 */
interface KernelExecutor extends AutoCloseable {

    /** Work-items of a group for the kernels that move numbers. */
    int GROUP = 64;

    /** Most sizes of a kernel. */
    int MOST_SIZES = 16;

    /** The size that every kernel sets, so that an execution ends with reading it back: all work is done by then. */
    int DONE = MOST_SIZES - 1;

    /** What and where it is, in one line. */
    String description();

    /** Numbers that its memory holds. */
    int memoryElements();

    /** Arrays for weights. */
    int weightArrays();

    /** Numbers of 32 bits that each of them holds. */
    int weightElements();

    /** What travels to the device with {@link #store} and {@link #expand}; as many 32-bit numbers as the stage holds. */
    MemorySegment outgoing(Stage stage);

    /** What {@link #fetch} brought from the device. */
    MemorySegment incoming(Stage stage);

    /** Runs a kernel over {@code x × y} work-items. */
    void launch(Kernel kernel, long x, long y, int... sizes);

    /**
     * Runs {@link ExpandKernel}.
     *
     * @param source an array of weights, or a {@link Stage#source()}
     */
    void expand(int source, long x, long y, int... sizes);

    /** Stores the leading numbers of a stage in an array of weights. */
    void store(Stage stage, int weights, int count, int offset);

    /** Brings rows of memory to the host, without gaps between them. */
    void fetch(Stage stage, int rows, int columns, int start, int row);

    /** Numbers of 32 bits among the operands of products on tensor cores; 0: this device does none. */
    int operandElements();

    /** Runs {@link PackKernels#ffPackRows}. */
    void packRows(long x, long y, int... sizes);

    /** Runs {@link PackKernels#ffPackWeights} on an array of weights. */
    void packWeights(int weights, long x, long y, int... sizes);

    /** Runs {@link TensorProductKernel} in so many groups. */
    void multiply(int groups, int... sizes);

    /** How many kernels have been compiled so far. */
    int compilations();

    @Override
    void close();
}
