/** What lies between the products, one row at a time, with the Vector API or without. */
@NullMarked
package io.fastforward.backend.cpu.kernel;

import org.jspecify.annotations.NullMarked;
