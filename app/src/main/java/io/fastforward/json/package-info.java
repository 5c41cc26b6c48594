/** Reading and writing our own JSON. */
@NullMarked
package io.fastforward.json;

import org.jspecify.annotations.NullMarked;
