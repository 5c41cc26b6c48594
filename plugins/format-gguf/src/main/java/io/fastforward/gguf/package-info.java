/**
 * GGUF files, as llama.cpp and what is built on it load them: one file with architecture, tokenizer and weights. The layout is
 * that of version 3 of the format; which keys and tensors there are is llama.cpp's.
 */
@NullMarked
package io.fastforward.gguf;

import org.jspecify.annotations.NullMarked;
