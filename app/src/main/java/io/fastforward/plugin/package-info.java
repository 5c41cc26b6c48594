/** Finds providers of the contract, in the application's own jar and in a directory of others. */
@NullMarked
package io.fastforward.plugin;

import org.jspecify.annotations.NullMarked;
