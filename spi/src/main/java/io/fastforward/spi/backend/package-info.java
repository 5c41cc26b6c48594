/** Tensor work on devices, and linear algebra on the host. */
@NullMarked
package io.fastforward.spi.backend;

import org.jspecify.annotations.NullMarked;
