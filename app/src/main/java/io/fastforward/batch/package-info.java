/** Several runs over the same model and texts: what they are, what they share, and their figures side by side. */
@NullMarked
package io.fastforward.batch;

import org.jspecify.annotations.NullMarked;
