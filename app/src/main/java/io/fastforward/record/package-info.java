/** What a run leaves on disk: how it is kept ({@link RecordStore}), and what ({@link RunRecord}). */
@NullMarked
package io.fastforward.record;

import org.jspecify.annotations.NullMarked;
