package io.fastforward.agents;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/**
 * The envelope of a saved agent: magic number, format version, kind, number of modules, length of the content, the
 * content, CRC-32C of all that. Big endian.
 */
final class SavedState {

    private static final int MAGIC = 0x46464147; // "FFAG"
    private static final int VERSION = 1;
    private static final int KIND_BYTES = 8;
    private static final int HEADER_BYTES = 3 * Integer.BYTES + KIND_BYTES + Integer.BYTES;
    private static final int CHECKSUM_BYTES = Long.BYTES;

    private SavedState() {}

    /** Wraps what an agent of one kind has to remember; the content is read from position 0 to the limit. */
    static byte[] seal(String kind, int modules, ByteBuffer content) {
        ByteBuffer sealed = ByteBuffer.allocate(HEADER_BYTES + content.limit() + CHECKSUM_BYTES);
        sealed.putInt(MAGIC).putInt(VERSION).put(padded(kind)).putInt(modules).putInt(content.limit());
        sealed.put(content.duplicate().rewind());
        sealed.putLong(checksum(sealed));
        return sealed.array();
    }

    /**
     * The content of a sealed state, as long as expected.
     *
     * @throws IllegalArgumentException if the bytes are damaged or belong to an agent of another kind or size
     */
    static ByteBuffer open(byte[] state, String kind, int modules, int contentBytes) {
        if (state.length < HEADER_BYTES + CHECKSUM_BYTES) {
            throw new IllegalArgumentException("a saved agent has at least " + (HEADER_BYTES + CHECKSUM_BYTES)
                    + " bytes, but this one has " + state.length);
        }
        ByteBuffer sealed = ByteBuffer.wrap(state);
        int magic = sealed.getInt();
        int version = sealed.getInt();
        if (magic != MAGIC) {
            throw new IllegalArgumentException("this is not the state of an agent");
        }
        if (version != VERSION) {
            throw new IllegalArgumentException(
                    "the agent's state has format version " + version + ", but this release reads " + VERSION);
        }
        byte[] savedKind = new byte[KIND_BYTES];
        sealed.get(savedKind);
        int savedModules = sealed.getInt();
        int savedBytes = sealed.getInt();
        if (savedBytes != state.length - HEADER_BYTES - CHECKSUM_BYTES) {
            throw new IllegalArgumentException("the agent's state is cut off or too long: " + state.length + " bytes");
        }
        sealed.position(state.length - CHECKSUM_BYTES);
        if (checksum(sealed) != sealed.getLong()) {
            throw new IllegalArgumentException("the agent's state is damaged: its checksum does not match");
        }
        String found = new String(savedKind, StandardCharsets.US_ASCII).strip();
        if (!found.equals(kind)) {
            throw new IllegalArgumentException("the state is of a '" + found + "' agent, not of a '" + kind + "' one");
        }
        if (savedModules != modules) {
            throw new IllegalArgumentException(
                    "the agent's state is for a model of " + savedModules + " modules, but this one has " + modules);
        }
        if (savedBytes != contentBytes) {
            throw new IllegalArgumentException(
                    "the agent's state holds " + savedBytes + " bytes, but " + contentBytes + " were expected");
        }
        return sealed.slice(HEADER_BYTES, contentBytes);
    }

    private static byte[] padded(String kind) {
        return String.format("%-" + KIND_BYTES + "s", kind).getBytes(StandardCharsets.US_ASCII);
    }

    /** Over all bytes up to the position. */
    private static long checksum(ByteBuffer buffer) {
        CRC32C checksum = new CRC32C();
        checksum.update(buffer.duplicate().flip());
        return checksum.getValue();
    }
}
