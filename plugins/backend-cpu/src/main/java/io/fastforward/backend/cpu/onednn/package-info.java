/** Products in bfloat16 with oneDNN. */
@NullMarked
package io.fastforward.backend.cpu.onednn;

import org.jspecify.annotations.NullMarked;
