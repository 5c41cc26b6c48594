package io.fastforward.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.util.ByteBufferBackedInputStream;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.failure.Reason;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a safetensors file says about its tensors, after all of it was checked against the size of the file: every
 * entry lies within the data, and the entries cover the data without overlaps or gaps.
 *
 * <p>The file is: 8 bytes, the length n of the header, little-endian; n bytes of JSON; the data.
 *
 * @param dataOffset where the data begins, in bytes from the start of the file
 * @param entries the tensors in the order of their data
 */
record SafetensorsHeader(long dataOffset, List<Entry> entries) {

    /**
     * One tensor.
     *
     * @param begin its first byte, counted from the start of the data
     * @param end one past its last byte
     */
    record Entry(String name, StoredType type, List<Long> shape, long begin, long end) {}

    /** The limit of the reference implementation. */
    private static final long LONGEST_HEADER = 100_000_000;

    // Bounds on what a hostile header can make us keep on the heap; real files have some thousand tensors of rank ≤ 5.
    static final int MOST_TENSORS = 200_000;
    private static final int MOST_METADATA = 10_000;
    private static final int HIGHEST_RANK = 16;

    private static final String METADATA = "__metadata__";

    private static final ValueLayout.OfLong LENGTH = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(3) // header, entry, shape
                    .maxNumberLength(20) // as long as an unsigned 64-bit number
                    .maxNameLength(10_000)
                    .maxDocumentLength(LONGEST_HEADER)
                    .build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .disable(JsonFactory.Feature.CHARSET_DETECTION) // the format is UTF-8
            .build();

    /**
     * Parses and checks the header of a file.
     *
     * @param origin the file's name for error messages
     * @param file all bytes of the file
     * @throws Failure of kind {@link FailureKind#BAD_CHECKPOINT} if anything is wrong
     */
    static SafetensorsHeader parse(String origin, MemorySegment file) {
        return new Parser(origin, file).parse();
    }

    private static final class Parser {
        private final String origin;
        private final MemorySegment file;

        Parser(String origin, MemorySegment file) {
            this.origin = origin;
            this.file = file;
        }

        SafetensorsHeader parse() {
            if (file.byteSize() < Long.BYTES) {
                throw damaged("it has " + file.byteSize() + " bytes, too few for the 8 bytes that every such file"
                        + " begins with");
            }
            long length = file.get(LENGTH, 0);
            if (length < 0 || length > LONGEST_HEADER) {
                throw damaged("it declares a header of " + Long.toUnsignedString(length)
                        + " bytes, but the format allows at most " + LONGEST_HEADER);
            }
            if (length > file.byteSize() - Long.BYTES) {
                throw damaged("it declares a header of " + length + " bytes, but only " + (file.byteSize() - Long.BYTES)
                        + " bytes follow");
            }
            if (length == 0 || file.get(ValueLayout.JAVA_BYTE, Long.BYTES) != '{') {
                throw damaged("its header does not begin with '{'");
            }
            long dataOffset = Long.BYTES + length;
            List<Entry> entries = readEntries(file.asSlice(Long.BYTES, length));
            entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
            checkThatDataIsCovered(entries, file.byteSize() - dataOffset);
            return new SafetensorsHeader(dataOffset, List.copyOf(entries));
        }

        private List<Entry> readEntries(MemorySegment header) {
            List<Entry> entries = new ArrayList<>();
            try (JsonParser json = JSON.createParser(new ByteBufferBackedInputStream(header.asByteBuffer()))) {
                json.nextToken(); // the '{' that was seen
                while (json.nextToken() == JsonToken.FIELD_NAME) {
                    String name = json.currentName();
                    if (name.equals(METADATA)) {
                        checkMetadata(json);
                    } else if (entries.size() == MOST_TENSORS) {
                        throw damaged("its header lists more than " + MOST_TENSORS + " tensors");
                    } else {
                        entries.add(readEntry(name, json));
                    }
                }
                if (json.nextToken() != null) {
                    throw damaged("its header goes on after the closing '}'");
                }
            } catch (JsonProcessingException e) {
                throw damaged("its header is not valid JSON: " + OneLine.of(e.getOriginalMessage()), e);
            } catch (IOException e) {
                throw damaged("its header cannot be read: " + Reason.of(e), e);
            }
            return entries;
        }

        private void checkMetadata(JsonParser json) throws IOException {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw damaged("the header's " + METADATA + " is not an object");
            }
            for (int keys = 0; json.nextToken() == JsonToken.FIELD_NAME; keys++) {
                if (keys == MOST_METADATA) {
                    throw damaged("the header's " + METADATA + " has more than " + MOST_METADATA + " keys");
                }
                String key = json.currentName();
                if (json.nextToken() != JsonToken.VALUE_STRING) { // which is passed over, however long
                    throw damaged("the header's " + METADATA + " holds something other than a string in '"
                            + OneLine.of(key) + "'");
                }
            }
        }

        private Entry readEntry(String name, JsonParser json) throws IOException {
            String tensor = "tensor '" + OneLine.of(name) + "'";
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw damaged(tensor + " is not described by an object");
            }
            StoredType type = null;
            List<Long> shape = null;
            List<Long> offsets = null;
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String key = json.currentName();
                switch (key) {
                    case "dtype" -> type = readType(tensor, json);
                    case "shape" -> shape = readNumbers(tensor, key, HIGHEST_RANK, json);
                    case "data_offsets" -> offsets = readNumbers(tensor, key, 2, json);
                    default ->
                        throw damaged(tensor + " has the unknown key '" + OneLine.of(key)
                                + "', expected dtype, shape and data_offsets");
                }
            }
            if (type == null || shape == null || offsets == null || offsets.size() != 2) {
                throw damaged(tensor + " lacks one of dtype, shape and data_offsets (two numbers)");
            }
            long begin = offsets.get(0);
            long end = offsets.get(1);
            if (begin > end) {
                throw damaged(tensor + " ends at byte " + end + ", before its start at " + begin);
            }
            checkSize(tensor, type, shape, end - begin);
            return new Entry(name, type, shape, begin, end);
        }

        private StoredType readType(String tensor, JsonParser json) throws IOException {
            if (json.nextToken() != JsonToken.VALUE_STRING) {
                throw damaged(tensor + " has a dtype that is not a string");
            }
            String name = json.getText();
            StoredType type = StoredType.named(name);
            if (type == null) {
                throw damaged(tensor + " has the dtype '" + OneLine.of(name)
                        + "', which the safetensors format does not know");
            }
            return type;
        }

        private List<Long> readNumbers(String tensor, String key, int most, JsonParser json) throws IOException {
            if (json.nextToken() != JsonToken.START_ARRAY) {
                throw damaged("the " + key + " of " + tensor + " is not a list");
            }
            List<Long> numbers = new ArrayList<>();
            while (json.nextToken() != JsonToken.END_ARRAY) {
                if (json.currentToken() != JsonToken.VALUE_NUMBER_INT) {
                    throw damaged("the " + key + " of " + tensor + " holds something other than a whole number");
                }
                if (numbers.size() == most) {
                    throw damaged("the " + key + " of " + tensor + " has more than " + most + " numbers");
                }
                long number = json.getLongValue();
                if (number < 0) {
                    throw damaged("the " + key + " of " + tensor + " holds the negative number " + number);
                }
                numbers.add(number);
            }
            return List.copyOf(numbers);
        }

        private void checkSize(String tensor, StoredType type, List<Long> shape, long bytes) {
            long bits = type.bits();
            try {
                for (long dimension : shape) {
                    bits = Math.multiplyExact(bits, dimension);
                }
            } catch (ArithmeticException e) {
                throw damaged(tensor + " is too large: " + type + shape, e);
            }
            if (bits % Byte.SIZE != 0 || bits / Byte.SIZE != bytes) {
                throw damaged(tensor + " occupies " + bytes + " bytes, but " + type + shape + " needs "
                        + Math.ceilDiv(bits, Byte.SIZE));
            }
        }

        private void checkThatDataIsCovered(List<Entry> entries, long dataBytes) {
            long covered = 0;
            for (Entry entry : entries) {
                if (entry.begin() != covered) {
                    throw damaged("tensor '" + OneLine.of(entry.name()) + "' begins at byte " + entry.begin()
                            + " of the data, but the one before it ends at " + covered);
                }
                covered = entry.end();
            }
            if (covered > dataBytes) {
                throw damaged("it is cut off: its tensors need " + covered + " bytes, but it has only " + dataBytes);
            }
            if (covered < dataBytes) {
                throw damaged((dataBytes - covered) + " bytes follow its last tensor");
            }
        }

        private Failure damaged(String what) {
            return damaged(what, null);
        }

        private Failure damaged(String what, @Nullable Throwable cause) {
            return FailureKind.BAD_CHECKPOINT.failure(
                    "'" + origin + "' is not a valid safetensors file: " + what + "; download or convert it again",
                    cause);
        }
    }
}
