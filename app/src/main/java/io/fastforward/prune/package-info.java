/** From scores to a nested order, and from a policy to pruned and calibrated weights. */
@NullMarked
package io.fastforward.prune;

import org.jspecify.annotations.NullMarked;
