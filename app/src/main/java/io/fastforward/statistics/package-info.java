/** What is measured on the features of the dense model. */
@NullMarked
package io.fastforward.statistics;

import org.jspecify.annotations.NullMarked;
