/** Pruning criteria: Wanda, and plain weight magnitude as a baseline. */
@NullMarked
package io.fastforward.criteria;

import org.jspecify.annotations.NullMarked;
