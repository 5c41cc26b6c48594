/** One pruning run from checkpoint to report: stages, run directory, manifest, resume. */
@NullMarked
package io.fastforward.run;

import org.jspecify.annotations.NullMarked;
