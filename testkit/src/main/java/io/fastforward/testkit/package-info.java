/** What every provider of the contract has to pass, and the double-precision reference that numbers are checked against. */
@NullMarked
package io.fastforward.testkit;

import org.jspecify.annotations.NullMarked;
