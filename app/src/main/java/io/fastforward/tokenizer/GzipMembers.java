package io.fastforward.tokenizer;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.GZIPInputStream;
import java.util.zip.Inflater;
import java.util.zip.ZipException;

/**
 * What all members of a gzipped file hold. {@link GZIPInputStream} takes whatever follows a member and is no sound
 * member for the end of the file; here only NUL characters may follow, with which some programs fill the last block.
 */
final class GzipMembers extends InputStream {

    private static final int TRAILER_BYTES = 8;

    private final byte[] packed;
    private final Inflater inflater = new Inflater(true);
    private final CRC32 checksum = new CRC32();
    private boolean ended;

    /**
     * Begins with the first member.
     *
     * @param packed not copied
     * @throws EOFException if it ends within the header
     * @throws ZipException if that is damaged
     */
    GzipMembers(byte[] packed) throws IOException {
        this.packed = packed;
        begin(0);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
        try {
            while (length > 0 && !ended) {
                int count = inflater.inflate(to, offset, length);
                if (count > 0) {
                    checksum.update(to, offset, count);
                    return count;
                }
                if (inflater.finished()) {
                    endMember();
                } else if (inflater.needsDictionary()) {
                    throw new ZipException("it needs a dictionary");
                } else {
                    throw new EOFException();
                }
            }
            return length == 0 ? 0 : -1;
        } catch (DataFormatException e) {
            throw (ZipException) new ZipException(e.getMessage()).initCause(e);
        }
    }

    @Override
    public void close() {
        inflater.end();
    }

    private void begin(int position) throws IOException {
        var rest = new ByteArrayInputStream(packed, position, packed.length - position);
        new GZIPInputStream(rest, 1).close(); // reads the header and nothing else
        inflater.reset();
        inflater.setInput(packed, packed.length - rest.available(), rest.available());
        checksum.reset();
    }

    private void endMember() throws IOException {
        int trailer = packed.length - inflater.getRemaining();
        if (inflater.getRemaining() < TRAILER_BYTES) {
            throw new EOFException();
        }
        if (littleEndian(trailer) != (int) checksum.getValue()
                || littleEndian(trailer + Integer.BYTES) != (int) inflater.getBytesWritten()) {
            throw new ZipException("its checksum or length is wrong");
        }
        int next = trailer + TRAILER_BYTES;
        if (isPadding(next)) {
            ended = true;
        } else {
            begin(next);
        }
    }

    private boolean isPadding(int position) {
        for (int i = position; i < packed.length; i++) {
            if (packed[i] != 0) {
                return false;
            }
        }
        return true;
    }

    private int littleEndian(int position) {
        int value = 0;
        for (int i = Integer.BYTES - 1; i >= 0; i--) {
            value = value << Byte.SIZE | Byte.toUnsignedInt(packed[position + i]);
        }
        return value;
    }
}
