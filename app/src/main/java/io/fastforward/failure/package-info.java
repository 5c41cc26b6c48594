/** What goes wrong for reasons that the user can act on, and the exit codes for it. */
@NullMarked
package io.fastforward.failure;

import org.jspecify.annotations.NullMarked;
