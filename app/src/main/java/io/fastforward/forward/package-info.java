/** The forward pass through a decoder, layer by layer, on any backend. */
@NullMarked
package io.fastforward.forward;

import org.jspecify.annotations.NullMarked;
