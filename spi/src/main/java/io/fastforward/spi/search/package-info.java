/** The search for a policy: agents that propose, executors that evaluate. */
@NullMarked
package io.fastforward.spi.search;

import org.jspecify.annotations.NullMarked;
