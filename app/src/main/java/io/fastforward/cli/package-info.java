/** The command line. */
@NullMarked
package io.fastforward.cli;

import org.jspecify.annotations.NullMarked;
