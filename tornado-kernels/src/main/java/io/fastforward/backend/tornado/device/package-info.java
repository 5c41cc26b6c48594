/**
 * A device of TornadoVM: its capacity, one array of memory from which ranges are handed out, the graphs that launch its
 * kernels, transfers, and products of stored weights, with tensor cores where they serve.
 */
@NullMarked
package io.fastforward.backend.tornado.device;

import org.jspecify.annotations.NullMarked;
