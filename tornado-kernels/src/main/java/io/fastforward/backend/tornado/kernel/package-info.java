/**
 * What runs on the device: static methods over arrays, one call for each work-item, and {@code KernelExecutor}, which
 * launches them. Their names are prefixed, because the names of methods and parameters enter the code of the device, and
 * sizes come in an {@code IntArray}, because everything else is a constant of the compiled kernel.
 */
@NullMarked
package io.fastforward.backend.tornado.kernel;

import org.jspecify.annotations.NullMarked;
