package io.fastforward.cli;

import io.fastforward.failure.PlainText;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;

/**
 * What stands between the commands and the streams that people see: lets {@linkplain PlainText plain} text through alone.
 * So no text of a model, plugin or driver reaches a terminal as an escape sequence, whoever prints it.
 */
final class PlainWriter extends Writer {

    private final Writer target;
    private final StringBuilder incomplete = new StringBuilder(1);

    private PlainWriter(Writer target) {
        super(target);
        this.target = target;
    }

    /** A printer of plain text in UTF-8 that flushes after every line. */
    static PrintWriter to(OutputStream stream) {
        return new PrintWriter(new PlainWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8)), true);
    }

    @Override
    public void write(char[] buffer, int offset, int length) throws IOException {
        incomplete.append(buffer, offset, length);
        int end = incomplete.length();
        if (end > 0 && Character.isHighSurrogate(incomplete.charAt(end - 1))) {
            end--; // the other half of the character comes with the next write
        }
        target.write(PlainText.of(incomplete.substring(0, end)));
        incomplete.delete(0, end);
    }

    @Override
    public void flush() throws IOException {
        target.flush();
    }

    @Override
    public void close() throws IOException {
        target.write(PlainText.of(incomplete.toString()));
        target.close();
    }
}
