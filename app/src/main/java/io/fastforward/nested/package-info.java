/** A model whose units are sorted, so that every pruned candidate is a leading slice of it. */
@NullMarked
package io.fastforward.nested;

import org.jspecify.annotations.NullMarked;
