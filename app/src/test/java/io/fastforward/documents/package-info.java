/** The project's own documents: what they name exists, and what they promise works. */
@NullMarked
package io.fastforward.documents;

import org.jspecify.annotations.NullMarked;
