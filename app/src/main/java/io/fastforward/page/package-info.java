/** Reports of runs that people look at in a browser. */
@NullMarked
package io.fastforward.page;

import org.jspecify.annotations.NullMarked;
