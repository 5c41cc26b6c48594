package io.fastforward.backend.tornado.device;

import io.fastforward.backend.tornado.kernel.KernelExecutor;
import io.fastforward.backend.tornado.kernel.Stage;
import io.fastforward.backend.tornado.kernel.WeightPackingKernel;
import io.fastforward.spi.tensor.Matrix;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Hands out the arrays of a device that hold weights, and brings weights to them: as they are stored, or packed in bfloat16
 * where the device multiplies them so. For one thread at a time, which need not be the one that computes.
 */
public final class WeightMemory {

    private final KernelExecutor executor;
    private final List<MemoryPool> arrays;

    /** Held by whoever fills a stage until its kernel has run. */
    private final Object stages;

    private final Object uploads = new Object();

    WeightMemory(KernelExecutor executor, Object stages) {
        this.executor = executor;
        this.stages = stages;
        List<MemoryPool> pools = new ArrayList<>();
        for (int i = 0; i < executor.weightArrays(); i++) {
            pools.add(new MemoryPool(executor.weightElements()));
        }
        this.arrays = List.copyOf(pools);
    }

    /** Part of an array. */
    private record Place(int array, Region region) {}

    /** What is done with rows of a matrix when they have arrived. */
    private interface Arrival {

        /** Rows are in the small stage. */
        void fromStage(int firstRow, int rows);

        /** Rows are in an upload buffer. */
        void fromBuffer(int buffer, int firstRow, int rows);
    }

    /** Brings a matrix to the device in the form in which it multiplies there. */
    public WeightMatrix load(Matrix source) {
        return executor.packsWeights() ? pack(source) : store(source);
    }

    /** Brings a matrix to the device as it is stored. */
    public StoredMatrix store(Matrix source) {
        long bytes = Math.multiplyExact(
                (long) source.rows() * source.columns(), (long) source.type().bytes());
        Place place = take(Math.ceilDiv(bytes, (long) Integer.BYTES), source);
        return guarded(place, () -> {
            bring(source, storing(source, place));
            return new StoredMatrix(place.array, place.region, source.type(), source.rows(), source.columns());
        });
    }

    private PackedMatrix pack(Matrix source) {
        Place place = take(PackedMatrix.elements(source.rows(), source.columns()), source);
        return guarded(place, () -> {
            var packed = new PackedMatrix(place.array, place.region, source.rows(), source.columns());
            replace(packed, source);
            return packed;
        });
    }

    /** Replaces the leading rows and columns of a packed matrix. */
    public void replace(PackedMatrix packed, Matrix leading) {
        bring(leading, packing(leading, packed));
    }

    /** Makes something of a place, or gives it back. */
    private static <T> T guarded(Place place, Supplier<T> work) {
        try {
            return work.get();
        } catch (Throwable e) {
            place.region.close();
            throw e;
        }
    }

    private Place take(long elements, Matrix source) {
        for (int array = 0; array < arrays.size(); array++) {
            int start = arrays.get(array).take(elements);
            if (start >= 0) {
                return new Place(array, new Region(arrays.get(array), start, elements));
            }
        }
        throw new OutOfMemoryError("no room for a weight of " + source.rows() + " × " + source.columns() + " "
                + source.type() + " on " + executor.description() + ", which holds "
                + (long) arrays.size() * executor.weightElements() * Integer.BYTES / (1 << 20)
                + " MiB of weights; stream the layers (with less memory to plan with), or use the CPU");
    }

    private Arrival storing(Matrix source, Place place) {
        int perRow = source.columns() * source.type().bytes();
        return new Arrival() {
            @Override
            public void fromStage(int firstRow, int rows) {
                executor.store(place.array, Math.ceilDiv(rows * perRow, Integer.BYTES), place.region.start());
            }

            @Override
            public void fromBuffer(int buffer, int firstRow, int rows) {
                // Before the last rows a buffer holds whole numbers of 32 bits.
                int target = place.region.start() + (int) ((long) firstRow * perRow / Integer.BYTES);
                executor.upload(buffer, place.array, Math.ceilDiv(rows * perRow, Integer.BYTES), target);
            }
        };
    }

    private Arrival packing(Matrix source, PackedMatrix packed) {
        return new Arrival() {
            @Override
            public void fromStage(int firstRow, int rows) {
                fromBuffer(Stage.SMALL.source(), firstRow, rows);
            }

            @Override
            public void fromBuffer(int buffer, int firstRow, int rows) {
                WeightPackingKernel.launch(
                        executor,
                        buffer,
                        packed.array(),
                        new WeightPackingKernel.Sizes(
                                source.type(),
                                rows,
                                source.columns(),
                                firstRow,
                                packed.region().start(),
                                packed.outputTiles()));
            }
        };
    }

    private void bring(Matrix source, Arrival arrival) {
        int perRow = source.columns() * source.type().bytes();
        if ((long) source.rows() * perRow <= (long) Stage.SMALL.elements() * Integer.BYTES) {
            synchronized (stages) {
                DeviceMemory.pack(source, 0, source.rows(), executor.outgoing(Stage.SMALL));
                arrival.fromStage(0, source.rows());
            }
            return;
        }
        // An odd number of 16-bit numbers ends within a number of 32 bits, which only pairs of rows fill.
        int unit = perRow % Integer.BYTES == 0 ? 1 : 2;
        int most = DeviceMemory.rowsThatFit(executor.uploadElements(), perRow * unit, source) * unit;
        synchronized (uploads) {
            int buffer = 0;
            try {
                for (int first = 0; first < source.rows(); first += most) {
                    int rows = Math.min(source.rows() - first, most);
                    DeviceMemory.pack(source, first, rows, executor.uploadBuffer(buffer));
                    arrival.fromBuffer(buffer, first, rows);
                    buffer = (buffer + 1) % KernelExecutor.UPLOADS;
                }
            } finally {
                executor.finishUploads();
            }
        }
    }
}
