/** The stages of a pruning run, each from typed inputs to typed outputs. */
@NullMarked
package io.fastforward.run.stage;

import org.jspecify.annotations.NullMarked;
