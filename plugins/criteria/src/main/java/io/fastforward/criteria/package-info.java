/** Pruning criteria: from random numbers and plain magnitude to sets of units chosen by what the rest can make up for. */
@NullMarked
package io.fastforward.criteria;

import org.jspecify.annotations.NullMarked;
