/**
 * Evaluates candidates on a Spark cluster. The provider knows the contract alone; everything else is loaded beside the
 * cluster's own jars.
 */
@NullMarked
package io.fastforward.executor.spark;

import org.jspecify.annotations.NullMarked;
