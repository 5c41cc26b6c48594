/** Matrices that cross the contract: off-heap and row-major. */
@NullMarked
package io.fastforward.spi.tensor;

import org.jspecify.annotations.NullMarked;
