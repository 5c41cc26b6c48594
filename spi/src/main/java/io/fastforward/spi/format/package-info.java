/** How pruned models are written: formats, what they are given, and what they ask of a model. */
@NullMarked
package io.fastforward.spi.format;

import org.jspecify.annotations.NullMarked;
