package io.fastforward.batch;

import io.fastforward.checkpoint.AtomicFile;
import io.fastforward.json.StrictJson;
import io.fastforward.report.Table;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The table of several runs in a directory: {@code table.csv}, {@code table.json} and {@code table.md}, each replaced as a whole.
 *
 * @param directory where they lie
 */
public record TableFiles(Path directory) {

    private static final String JSON = "table.json";

    /** Ten thousand rows have some 5 MB. */
    private static final int LARGEST = 1 << 26;

    /**
     * What the JSON file holds.
     *
     * @param rows in the order in which the runs ended
     */
    private record Rows(List<RunRow> rows) {}

    /** Writes all of them. */
    public void write(List<RunRow> rows) {
        write(JSON, StrictJson.pretty(new Rows(rows)) + "\n");
        write("table", RunTable.of(rows));
    }

    /** Writes a table of another name, as CSV and for documents. */
    public void write(String name, Table table) {
        write(name + ".csv", table.csv());
        write(name + ".md", table.markdown());
    }

    /** The rows of an earlier command; none if there are none, or they cannot be read: only its times depend on them. */
    List<RunRow> read() {
        try (InputStream in = Files.newInputStream(directory.resolve(JSON))) {
            byte[] bytes = in.readNBytes(LARGEST + 1);
            return bytes.length > LARGEST
                    ? List.of()
                    : StrictJson.read(bytes, Rows.class).rows();
        } catch (IOException _) {
            return List.of();
        }
    }

    private void write(String name, String text) {
        AtomicFile.deleteAbandoned(directory.resolve(name)); // the runs' stages are locked: no other process is here
        AtomicFile.write(directory.resolve(name), text.getBytes(StandardCharsets.UTF_8));
    }
}
