/** The packaged jar, started through the launcher as users start it. */
@NullMarked
package io.fastforward.endtoend;

import org.jspecify.annotations.NullMarked;
