/** Sparsifiers: SparseGPT, FISTAPruner, FISTA with refits, Wanda, and plain weight magnitude as a baseline. */
@NullMarked
package io.fastforward.sparsifiers;

import org.jspecify.annotations.NullMarked;
