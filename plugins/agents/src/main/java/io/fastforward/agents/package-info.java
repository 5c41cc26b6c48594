/** Agents that propose retention scores: PPO as in FastForward, FLAP's threshold, and the baselines that they have to beat. */
@NullMarked
package io.fastforward.agents;

import org.jspecify.annotations.NullMarked;
