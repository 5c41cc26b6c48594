/** Tensor work on the CPU, made for speed: OpenBLAS for products and factorisations, vectorised Java for the rest. */
@NullMarked
package io.fastforward.backend.cpu;

import org.jspecify.annotations.NullMarked;
