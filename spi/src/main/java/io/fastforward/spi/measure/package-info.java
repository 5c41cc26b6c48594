/** What is measured on a module while calibration tokens pass through it. */
@NullMarked
package io.fastforward.spi.measure;

import org.jspecify.annotations.NullMarked;
