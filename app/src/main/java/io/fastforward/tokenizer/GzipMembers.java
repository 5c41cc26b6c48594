package io.fastforward.tokenizer;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.stream.IntStream;
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
        ByteBuffer found = ByteBuffer.wrap(packed, trailer, TRAILER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        if (found.getInt() != (int) checksum.getValue() || found.getInt() != (int) inflater.getBytesWritten()) {
            throw new ZipException("its checksum or length is wrong");
        }
        int next = trailer + TRAILER_BYTES;
        if (IntStream.range(next, packed.length).allMatch(i -> packed[i] == 0)) { // padding
            ended = true;
        } else {
            begin(next);
        }
    }
}
