/**
 * The contract on GPUs: tensor work as Java kernels that TornadoVM compiles for NVIDIA, AMD and Intel.
 *
 * <p>{@code TornadoBackend} and what it hands out are here; the device with its memory, its programs and products is
 * {@code device}, and what runs on it {@code kernel}. Imports go in this direction. Nothing but {@code TornadoVm} and what
 * lies behind it may be touched on a machine without an SDK.
 */
@NullMarked
package io.fastforward.backend.tornado;

import org.jspecify.annotations.NullMarked;
