/** The formulas of the contract, made to be obviously right: plain loops in double precision. */
@NullMarked
package io.fastforward.backend.cpu.reference;

import org.jspecify.annotations.NullMarked;
