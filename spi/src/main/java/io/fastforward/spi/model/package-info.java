/** A decoder layer as data: what its two prunable modules compute, and which weights they have. */
@NullMarked
package io.fastforward.spi.model;

import org.jspecify.annotations.NullMarked;
