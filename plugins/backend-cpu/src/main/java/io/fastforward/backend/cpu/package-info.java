/** Tensor work on the CPU, made for speed: OpenBLAS or plain loops for products, vectorised Java for the rest. */
@NullMarked
package io.fastforward.backend.cpu;

import org.jspecify.annotations.NullMarked;
