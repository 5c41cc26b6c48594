/** Where native libraries are unpacked: a directory that nobody but the user can write to. */
@NullMarked
package io.fastforward.nativelibrary;

import org.jspecify.annotations.NullMarked;
