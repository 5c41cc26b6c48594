/**
 * Tensor work on the CPU. {@code CpuBackend} is made for speed: OpenBLAS for products and factorisations, Java for
 * the rest. {@code ReferenceBackend} is made to be obviously right: plain loops in double precision.
 */
@NullMarked
package io.fastforward.backend.cpu;

import org.jspecify.annotations.NullMarked;
