/** The real jar through the real launcher. */
@NullMarked
package io.fastforward.endtoend;

import org.jspecify.annotations.NullMarked;
