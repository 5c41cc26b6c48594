package io.fastforward.spi.backend;

import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.model.HeadWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.tensor.Matrix;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Tensor work on a device, in blocks as large as a decoder module. Weights are loaded once and stay on the device;
 * the number of active units is an argument of every operation, so that one loaded module in nested order serves
 * every pruned candidate without a copy and without recompiling.
 *
 * <p>All arithmetic is in single precision or better; the error of an output is at most a small multiple of
 * n·2⁻²⁴·Σ|w·x| for a sum of n products, and of 2⁻⁷·Σ|w·x| more where the backend was opened with
 * {@link Precision#BFLOAT16} and w and x are not representable in it. A backend uses all cores or the whole device by itself and is called from
 * one thread at a time (but for {@link #loadsWhileComputing}). Results do not depend on the number of threads.
 *
 * <p>Who calls one calls it through {@link CheckedBackend}, as the engine does with whatever opens and the contract test
 * with what it tests. So a backend may rely on it that shapes fit, that every object is its own and open, that objects
 * and the backend are closed once, and that nothing is called afterwards. It throws {@link OutOfMemoryError} if the
 * device has no room and {@link DeviceException} if the device fails.
 */
public interface ComputeBackend extends AutoCloseable {

    /** Finds devices of one kind and opens them. */
    interface Provider extends Probed {

        /**
         * The devices that it can open here, the best first; none if {@link #probe()} says that it is not available.
         * Most providers have one, which is called as they are.
         */
        default List<Device> devices() {
            Availability availability = probe();
            return availability.available()
                    ? List.of(new Device(id(), availability.message(), "host", 0, false, true))
                    : List.of();
        }

        /** The kinds of drivers that it can use, and for each one that does not serve here, why and what to install. */
        default Map<String, Availability> drivers() {
            return Map.of(id(), probe());
        }

        /**
         * Opens the device, for single precision.
         *
         * @param threads upper bound on the CPU threads that it uses, at least 1
         * @throws IllegalStateException if {@link #probe()} said that it is not available
         */
        ComputeBackend open(int threads);

        /**
         * Opens one of its {@link #devices()}, for single precision.
         *
         * @param device its id
         * @throws IllegalArgumentException if there is no such device
         * @throws DeviceException if it does not open
         */
        default ComputeBackend open(String device, int threads) {
            if (!device.equals(id())) {
                throw new IllegalArgumentException("backend '" + id() + "' has no device '" + device + "'");
            }
            return open(threads);
        }

        /**
         * Whether one of its {@link #devices()} computes in a precision. May take a second the first time, if that has to
         * be measured; the answer stays the same. Never throws, and leaves nothing behind.
         *
         * @param device its id
         */
        default PrecisionSupport support(String device, Precision precision) {
            return precision == Precision.SINGLE
                    ? new PrecisionSupport(true, false, "single precision")
                    : PrecisionSupport.missing("backend '" + id() + "' computes in single precision only");
        }

        /**
         * Opens one of its {@link #devices()} for some precision. Backends of different precisions may be open at a time.
         *
         * @throws IllegalArgumentException if there is no such device
         * @throws IllegalStateException if {@link #support} said that it does not compute in that precision
         * @throws DeviceException if it does not open
         */
        default ComputeBackend open(String device, int threads, Precision precision) {
            if (precision != Precision.SINGLE) {
                throw new IllegalStateException(support(device, precision).message());
            }
            return open(device, threads);
        }
    }

    /** What it was opened for. */
    default Precision precision() {
        return Precision.SINGLE;
    }

    /** One line for people and manifests: what results depend on, such as device and library with its version. */
    String device();

    /** Bytes that all matrices on the device together may take; {@link Long#MAX_VALUE} where the host's memory is it. */
    default long matrixBytes() {
        return Long.MAX_VALUE;
    }

    /** Bytes that all weights on the device together may take; {@link Long#MAX_VALUE} where the host's memory is it. */
    default long weightBytes() {
        return Long.MAX_VALUE;
    }

    /** Bytes that a weight takes on the device while its module is loaded. */
    default int bytesPerWeight() {
        return Float.BYTES;
    }

    /**
     * Whether {@link #load} may be called on another thread, one at a time, beside whatever the first one computes, and
     * takes little of its time: then the next layer is loaded while the device works on this one.
     */
    default boolean loadsWhileComputing() {
        return false;
    }

    /**
     * Whether it computes in memory of the host and takes matrices and sums from the {@link HostMemory} that is named. Others
     * have memory of their own and need not look at it.
     */
    default boolean computesInHostMemory() {
        return false;
    }

    /** A new zeroed matrix on the device. */
    DeviceMatrix allocate(int rows, int columns);

    /**
     * The same for hidden states, which live as long as a whole pass and are looked at now and then.
     *
     * @param memory from which to take it, if it is to be in memory of the host
     */
    default DeviceMatrix allocate(int rows, int columns, HostMemory memory) {
        return allocate(rows, columns);
    }

    /** Copies all rows of a host matrix, widened to single precision, to rows of a device matrix of the same width. */
    void write(Matrix source, DeviceMatrix target, int firstRow);

    /** Copies rows of a device matrix to all rows of an F32 host matrix of at most the same width. */
    void read(DeviceMatrix source, int firstRow, Matrix target);

    /** Brings a module to the device. The host memory of the weights is not needed after the call. */
    LoadedModule load(ModuleSpec spec, ModuleWeights weights);

    /**
     * Replaces what goes with some leading units in a map of a loaded module, and as much of its bias if one is given:
     * leading columns of the output map, leading rows of the others. The rest of the map stays as it was.
     *
     * @param role which map; one in which nothing goes with a unit is replaced as a whole
     * @param map as long as the module's map in the other direction; it has a bias only if that has one
     */
    void replace(LoadedModule module, MapRole role, Linear map);

    /**
     * What the maps that make a module's features get to see: the normalised hidden state, or the hidden state itself if
     * the normalisation comes {@linkplain io.fastforward.spi.model.Normalization.Placement#AFTER after} the module.
     *
     * @param rows how many leading rows are processed
     * @param hidden {@code ≥ rows × hidden}, not changed
     * @param target {@code ≥ rows × ≥ hidden}; the leading columns are written, the others left as they were
     */
    void input(LoadedModule module, int rows, DeviceMatrix hidden, DeviceMatrix target);

    /**
     * The features of a module: what its output map gets to see.
     *
     * @param module the module
     * @param units how many leading units are active, from 1 to all
     * @param batch shape of the batch, at most as many rows as {@code hidden} has
     * @param hidden {@code ≥ rows × hidden}, not changed
     * @param features {@code ≥ rows × ≥ features of the active units}; the leading columns are written, the others
     *     left as they were
     */
    void features(LoadedModule module, int units, BatchShape batch, DeviceMatrix hidden, DeviceMatrix features);

    /**
     * A cache for one sequence that is processed bit by bit.
     *
     * @param attention an attention module; stays open as long as the cache
     * @param units how many leading units are active
     * @param capacity most tokens, at least 1
     */
    KeyValueCache keyValueCache(LoadedModule attention, int units, int capacity);

    /**
     * The attention features of the next tokens of a sequence, which see themselves and those before them. Their keys
     * and values are added to the cache.
     *
     * @param rows how many tokens; they come at positions {@code cache.length()} and after
     * @param hidden {@code ≥ rows × hidden}, not changed
     * @param features {@code ≥ rows × ≥ features of the cache's units}, as in {@link #features}
     */
    void nextFeatures(KeyValueCache cache, int rows, DeviceMatrix hidden, DeviceMatrix features);

    /**
     * The end of a module: hidden += output map · features, over the leading units; then the normalisation, if it
     * comes {@linkplain io.fastforward.spi.model.Normalization.Placement#AFTER after} the module.
     *
     * @param rows how many leading rows are processed
     */
    void project(LoadedModule module, int units, int rows, DeviceMatrix features, DeviceMatrix hidden);

    /**
     * How much every feature weighs in a module's output map W: Σ |W_ij| over all rows i, for every column j, if the
     * device is the better place to sum up.
     *
     * @param module as it was loaded, without replacements
     * @return one number for each feature of all units, not finite where a weight of the column is not; or nothing, and
     *     the caller sums up in host memory
     */
    default Optional<double[]> outputMagnitudes(LoadedModule module) {
        return Optional.empty();
    }

    /**
     * A whole module: {@link #features} and {@link #project} at once, for when nobody looks at the features.
     *
     * @param scratch {@code ≥ rows × ≥ features of the active units}; its contents afterwards are undefined
     */
    default void apply(LoadedModule module, int units, BatchShape batch, DeviceMatrix hidden, DeviceMatrix scratch) {
        features(module, units, batch, hidden, scratch);
        project(module, units, batch.rows(), scratch, hidden);
    }

    /**
     * Brings the end of a model to the device. The host memory of the weights must live as long as the loaded head,
     * so that a backend need not copy a large vocabulary.
     */
    LoadedHead loadHead(HeadWeights weights);

    /**
     * Log-likelihood of one token after each row: log softmax(head · normalise(hidden))[target], without
     * normalisation if the head has none.
     *
     * @param targets one token id for each leading row of {@code hidden}; a negative one is skipped
     * @param result {@code targets.length} numbers, natural logarithms; 0 where skipped. NaN where the logits are not
     *     finite.
     */
    void logLikelihood(LoadedHead head, DeviceMatrix hidden, int[] targets, double[] result);

    /** The logits of consecutive rows, into an F32 matrix {@code rows × vocabulary}. */
    void logits(LoadedHead head, DeviceMatrix hidden, int firstRow, Matrix result);

    /** A new sum of moments; {@code rightWidth} is that of the left unless it is a {@link Moment#CROSS_GRAM}. */
    Moments moments(Moment kind, int leftWidth, int rightWidth);

    /**
     * The same.
     *
     * @param memory from which to take the sum, if it is to be in memory of the host
     */
    default Moments moments(Moment kind, int leftWidth, int rightWidth, HostMemory memory) {
        return moments(kind, leftWidth, rightWidth);
    }

    @Override
    void close();
}
