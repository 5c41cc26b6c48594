/** What a user can ask for, with its defaults and ranges. */
@NullMarked
package io.fastforward.settings;

import org.jspecify.annotations.NullMarked;
