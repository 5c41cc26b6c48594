/** What is done to a module: scoring its parts, repairing what is left of it. */
@NullMarked
package io.fastforward.spi.prune;

import org.jspecify.annotations.NullMarked;
