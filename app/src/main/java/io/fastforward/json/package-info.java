/** JSON, as this program writes and reads it back, and as others write it. */
@NullMarked
package io.fastforward.json;

import org.jspecify.annotations.NullMarked;
