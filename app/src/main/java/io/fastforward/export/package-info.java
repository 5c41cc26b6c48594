/** Writes a pruned model as a checkpoint, and checks that it reads back as the same model. */
@NullMarked
package io.fastforward.export;

import org.jspecify.annotations.NullMarked;
