/** Texts as tokens: the model's own tokenizer, whole texts, and the windows that a model gets to see. */
@NullMarked
package io.fastforward.tokenizer;

import org.jspecify.annotations.NullMarked;
