/** Zero-shot tasks of the literature, asked and scored as lm-evaluation-harness does. */
@NullMarked
package io.fastforward.zeroshot;

import org.jspecify.annotations.NullMarked;
