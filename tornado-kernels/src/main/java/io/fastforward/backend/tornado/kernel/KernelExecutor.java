package io.fastforward.backend.tornado.kernel;

import java.lang.foreign.MemorySegment;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * A device with memory for single-precision numbers, some arrays for stored weights, and kernels that work on them.
 * Work-items in excess of what is asked for may be started to fill the last groups. Whatever a call is given may be
 * changed when it returns, but for the buffer of {@link #upload}.
 *
 * <p>One thread computes and another may load weights beside it; who uses a {@link Stage} keeps others from it.
 *
 * <p>All calls throw {@link io.fastforward.spi.backend.DeviceException} if the device fails and {@link OutOfMemoryError} if it
 * has less room than it said.
 */
public interface KernelExecutor extends AutoCloseable {

    /** Work-items of a group for the kernels that move numbers. */
    int GROUP = 64;

    /** Most work-items in the second dimension of a launch: CUDA allows as many groups. */
    int MOST_ROWS = 65_535;

    /** Most sizes of a kernel. */
    int MOST_SIZES = 16;

    /** The size that every kernel sets, so that an execution ends with reading it back: all work is done by then. */
    int DONE = MOST_SIZES - 1;

    /**
     * Sets {@link #DONE}, first of all in every kernel. One work-item does: if all did, their stores to one place would
     * take longer than the kernel, 2 ms for 12 million work-items of an H200.
     */
    static void ffDone(KernelContext context, IntArray sizes) {
        if (context.globalIdx == 0 && context.globalIdy == 0) {
            sizes.set(DONE, 1);
        }
    }

    /** What and where it is, in one line. */
    String description();

    /** Numbers that its memory holds. */
    int memoryElements();

    /** Arrays for weights. */
    int weightArrays();

    /** Numbers of 32 bits that each of them holds. */
    int weightElements();

    /** What travels to the device with {@link #expand}, the small stage with {@link #store}, too. */
    MemorySegment outgoing(Stage stage);

    /** What {@link #fetch} brought from the device. */
    MemorySegment incoming(Stage stage);

    /** Runs a kernel over {@code x × y} work-items. */
    void launch(Kernel kernel, long x, long y, int... sizes);

    /**
     * Runs what it launches, kernels and products with packed weights, in that order and perhaps several at once; all of it is
     * done when this returns. For the thread that computes. Whatever else it calls comes after what was launched before.
     */
    void together(Runnable launches);

    /**
     * Runs {@link ExpandKernel}.
     *
     * @param source an array of weights, or a {@link Stage#source()}
     */
    void expand(int source, long x, long y, int... sizes);

    /** Stores the leading numbers of the small stage in an array of weights. */
    void store(int weights, int count, int offset);

    /** Buffers for {@link #upload}, which take turns. */
    int UPLOADS = 2;

    /** Numbers of 32 bits that such a buffer holds. */
    int uploadElements();

    /** A buffer to fill. Waits until what was in it has arrived. For one thread at a time, as {@link #upload}. */
    MemorySegment uploadBuffer(int buffer);

    /** Begins to store the leading numbers of a buffer in an array of weights, beside whatever is computed meanwhile. */
    void upload(int buffer, int weights, int count, int offset);

    /** Waits until all uploads have arrived. */
    void finishUploads();

    /** Brings rows of memory to the host, without gaps between them. */
    void fetch(Stage stage, int rows, int columns, int start, int row);

    /** Numbers of 32 bits among the operands of products on tensor cores; 0: this device does none. */
    int operandElements();

    /** Runs {@link PackKernels#ffPackInputs}. */
    void packInputs(long x, long y, int... sizes);

    /** Runs {@link PackKernels#ffPackWeights}. */
    void packWeights(long x, long y, int... sizes);

    /** Runs {@link TensorProductKernel} in so many groups. */
    void multiply(int groups, int... sizes);

    /**
     * Whether weights are rounded to bfloat16 and packed as they arrive, and multiplied as they are then. Such a device has
     * no operands, and others have no such weights.
     */
    boolean packsWeights();

    /**
     * Runs {@link WeightPackingKernel}, for an upload buffer as {@link #upload} does.
     *
     * @param source an upload buffer, or the source of the small stage
     */
    void pack(int source, int weights, long x, long y, int... sizes);

    /** Runs {@link RoundedProductKernel} with an array of weights in so many groups. */
    void multiplyPacked(int weights, int groups, int... sizes);

    /** How many kernels have been compiled so far. */
    int compilations();

    @Override
    void close();
}
