/**
 * The search for a policy: what the budget allows, how raw scores become a policy, and the loop in which an agent
 * proposes, candidates are evaluated and the agent learns.
 */
@NullMarked
package io.fastforward.search;

import org.jspecify.annotations.NullMarked;
