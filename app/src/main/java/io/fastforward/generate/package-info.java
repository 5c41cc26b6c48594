/** Text from a model: what it says next, token by token. */
@NullMarked
package io.fastforward.generate;

import org.jspecify.annotations.NullMarked;
