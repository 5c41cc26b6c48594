/** Figures: perplexity and the accuracy on multiple-choice tasks. */
@NullMarked
package io.fastforward.evaluate;

import org.jspecify.annotations.NullMarked;
