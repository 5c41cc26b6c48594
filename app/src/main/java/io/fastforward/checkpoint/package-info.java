/**
 * Checkpoints on disk: reads Hugging Face directories of safetensors files, mapped rather than loaded, and writes them
 * so that a half-written one is never taken for a whole one. Every file that is read counts as hostile.
 */
@NullMarked
package io.fastforward.checkpoint;

import org.jspecify.annotations.NullMarked;
