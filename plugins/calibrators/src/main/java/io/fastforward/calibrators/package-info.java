/** Calibrators: regressions on the output map, biases, recovery of all maps of an MLP, and none as a baseline. */
@NullMarked
package io.fastforward.calibrators;

import org.jspecify.annotations.NullMarked;
