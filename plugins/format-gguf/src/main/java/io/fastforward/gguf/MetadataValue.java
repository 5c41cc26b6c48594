package io.fastforward.gguf;

import java.util.List;

/** What a key of a GGUF file's metadata says. Other types of the format are not written, and not read. */
sealed interface MetadataValue {

    /** A text. */
    record Text(String value) implements MetadataValue {}

    /** A whole number from 0 to 2³² − 1: UINT32. */
    record Count(long value) implements MetadataValue {
        public Count {
            if (value < 0 || value > 0xFFFF_FFFFL) {
                throw new IllegalArgumentException(value + " is not a number of 32 bits without a sign");
            }
        }
    }

    /** A number in single precision. */
    record Real(float value) implements MetadataValue {}

    /** Yes or no. */
    record Flag(boolean value) implements MetadataValue {}

    /** An array of texts. */
    record Texts(List<String> values) implements MetadataValue {
        public Texts {
            values = List.copyOf(values);
        }
    }

    /** An array of INT32. */
    record Integers(List<Integer> values) implements MetadataValue {
        public Integers {
            values = List.copyOf(values);
        }
    }

    /** An array of numbers in single precision. */
    record Reals(List<Float> values) implements MetadataValue {
        public Reals {
            values = List.copyOf(values);
        }
    }
}
