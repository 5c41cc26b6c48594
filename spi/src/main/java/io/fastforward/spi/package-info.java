/**
 * The contract between FastForward and its plugins: several service types, loaded with {@link java.util.ServiceLoader}.
 *
 * <p>A plugin compiles against this jar alone. The tensors that cross the contract are in
 * {@code io.fastforward.spi.tensor}, the description of a decoder layer in {@code io.fastforward.spi.model}.
 */
@NullMarked
package io.fastforward.spi;

import org.jspecify.annotations.NullMarked;
