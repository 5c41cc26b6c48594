/** Products and linear algebra with OpenBLAS or plain loops, and the threads that share them. */
@NullMarked
package io.fastforward.backend.cpu.algebra;

import org.jspecify.annotations.NullMarked;
