/** Agents that propose retention scores: PPO as in FastForward, and the baselines that it has to beat. */
@NullMarked
package io.fastforward.agents;

import org.jspecify.annotations.NullMarked;
