/** Evaluating trials in other processes: what is said to them and by them, and the executor that starts them here. */
@NullMarked
package io.fastforward.worker;

import org.jspecify.annotations.NullMarked;
