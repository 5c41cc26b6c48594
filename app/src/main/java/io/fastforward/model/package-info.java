/** A model: its architecture as data, and its weights, mapped. */
@NullMarked
package io.fastforward.model;

import org.jspecify.annotations.NullMarked;
