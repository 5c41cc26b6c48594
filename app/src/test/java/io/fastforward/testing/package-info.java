/** What several tests share: models, golden results, and expectations of failures. */
@NullMarked
package io.fastforward.testing;

import org.jspecify.annotations.NullMarked;
