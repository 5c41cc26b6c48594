/**
 * Tensor work as Java kernels that TornadoVM compiles for NVIDIA, AMD and Intel GPUs.
 *
 * <p>{@code ...Kernel} classes are what runs on the device: static methods over arrays, one call for each work-item.
 * Their names are prefixed, because the names of methods and parameters enter the code of the device, and sizes come
 * in an {@code IntArray}, because everything else is a constant of the compiled kernel. {@code TornadoBackend} is the
 * contract on top of them. Nothing but {@code TornadoVm} and what lies behind it may be touched on a machine without
 * an SDK.
 */
@NullMarked
package io.fastforward.backend.tornado;

import org.jspecify.annotations.NullMarked;
