package io.fastforward.backend.tornado.device;

import io.fastforward.backend.tornado.device.DeviceGraphs.Graph;
import io.fastforward.backend.tornado.device.DeviceGraphs.Work;
import io.fastforward.backend.tornado.device.LaunchSequences.Part;
import io.fastforward.backend.tornado.kernel.ExpandKernel;
import io.fastforward.backend.tornado.kernel.KernelExecutor;
import io.fastforward.backend.tornado.kernel.RoundedProductKernel;
import io.fastforward.backend.tornado.kernel.TensorProductKernel;
import io.fastforward.backend.tornado.kernel.TransferKernels;
import io.fastforward.backend.tornado.kernel.WeightPackingKernel;
import java.util.ArrayList;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task4;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The graphs that work with weights: one for each array of them.
 *
 * @param claims make the arrays on the device
 * @param expansions widen what is stored
 * @param stores bring the small stage, as it is or packed
 * @param uploads bring the large buffers, as they are or packed
 * @param products multiply with packed weights; none if the device has no tensor cores
 */
record WeightGraphs(
        List<Graph> claims, List<Graph> expansions, List<Graph> stores, List<Upload> uploads, List<Part> products) {

    /** 16 MiB: long enough on the bus for what an upload costs besides, and filled in the time of one upload. */
    static final int UPLOAD_ELEMENTS = 1 << 22;

    /**
     * A buffer on its way to the device.
     *
     * @param stores one for each array of weights, whose end nobody waits for
     */
    record Upload(IntArray buffer, List<Graph> stores) {}

    /** What becomes of weights that arrive. */
    enum Arrival {
        /** They stay as they are. */
        STORED(TransferKernels::ffStoreWeights),
        /** They are packed, but nothing here can multiply with them. */
        PACKED(WeightPackingKernel::ffPackStored),
        /** They are packed for tensor cores. */
        MULTIPLIED(WeightPackingKernel::ffPackStored);

        @SuppressWarnings("ImmutableEnumChecker") // references to static methods
        private final Task4<KernelContext, IntArray, IntArray, IntArray> code;

        Arrival(Task4<KernelContext, IntArray, IntArray, IntArray> code) {
            this.code = code;
        }
    }

    /**
     * Those for some arrays, added to a plan.
     *
     * @param stage the small stage on its way to the device
     */
    static WeightGraphs of(
            DeviceGraphs graphs, Arrival arrival, List<IntArray> arrays, FloatArray memory, IntArray stage) {
        List<Graph> claims = new ArrayList<>();
        List<Graph> expansions = new ArrayList<>();
        List<Graph> stores = new ArrayList<>();
        List<Part> products = new ArrayList<>();
        for (int i = 0; i < arrays.size(); i++) {
            IntArray array = arrays.get(i);
            claims.add(graphs.claim("claimWeights" + i, TransferKernels::ffClaimWeights, array));
            Work expansion = Work.between(ExpandKernel::ffExpand, array, memory, KernelExecutor.GROUP);
            expansions.add(graphs.single("expandWeights" + i, expansion));
            stores.add(graphs.bring("storeWeights" + i, arrival.code, stage, array));
            if (arrival == Arrival.MULTIPLIED) {
                Work work =
                        Work.between(RoundedProductKernel::ffRoundedProduct, array, memory, TensorProductKernel.LANES);
                products.add(new Part(graphs.single("roundedProduct" + i, work), work));
            }
        }
        return new WeightGraphs(
                List.copyOf(claims),
                List.copyOf(expansions),
                List.copyOf(stores),
                uploads(graphs, arrival, arrays),
                List.copyOf(products));
    }

    private static List<Upload> uploads(DeviceGraphs graphs, Arrival arrival, List<IntArray> arrays) {
        List<Upload> uploads = new ArrayList<>();
        for (int i = 0; i < KernelExecutor.UPLOADS; i++) {
            IntArray buffer = new IntArray(UPLOAD_ELEMENTS);
            IntArray its = new IntArray(KernelExecutor.MOST_SIZES);
            List<Graph> perArray = new ArrayList<>();
            for (int j = 0; j < arrays.size(); j++) {
                perArray.add(graphs.bringWithoutAnswer(
                        "upload" + i + "Weights" + j, arrival.code, buffer, arrays.get(j), its));
            }
            uploads.add(new Upload(buffer, List.copyOf(perArray)));
        }
        return List.copyOf(uploads);
    }
}
