/** Calibrators: closed-form ridge regression, and none as a baseline. */
@NullMarked
package io.fastforward.calibrators;

import org.jspecify.annotations.NullMarked;
