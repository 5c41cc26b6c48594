/** Results for people and for programs. */
@NullMarked
package io.fastforward.report;

import org.jspecify.annotations.NullMarked;
