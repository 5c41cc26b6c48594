package io.fastforward.zeroshot;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.json.ForeignJson;
import io.fastforward.tokenizer.TextContents;
import io.fastforward.tokenizer.TextSource;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * A part of a data set: JSON lines, perhaps gzipped.
 *
 * @param source where they are
 * @param lines those that are not blank
 */
record TaskFile(TextSource source, List<Line> lines) {

    /**
     * A line.
     *
     * @param number in the file, from 1 on
     * @param document the whole object: two lines are the same only if all of it is
     * @param question what it asks
     */
    record Line(int number, JsonNode document, ZeroShotQuestion question) {}

    TaskFile {
        lines = List.copyOf(lines);
    }

    /**
     * Reads a file.
     *
     * @param limit most lines to read
     * @throws Failure if the file cannot be read, holds no questions, or a line is not as the task has it; the message
     *     names the line
     */
    static TaskFile read(ZeroShotTask task, TextSource source, int limit) {
        JsonMapper mapper = ForeignJson.mapper(StreamReadConstraints.defaults());
        List<Line> lines = new ArrayList<>();
        int number = 0;
        Iterator<String> all = TextContents.of(source).text().lines().iterator();
        while (all.hasNext() && lines.size() < limit) {
            String line = all.next();
            number++;
            if (!line.isBlank()) {
                lines.add(parse(task, mapper, source, line, number));
            }
        }
        if (lines.isEmpty()) {
            throw FailureKind.BAD_TEXT.failure(source.describe() + " holds no questions");
        }
        return new TaskFile(source, lines);
    }

    private static Line parse(ZeroShotTask task, JsonMapper mapper, TextSource source, String line, int number) {
        String where = where(source, number);
        try {
            JsonNode document = mapper.readTree(line);
            return new Line(number, document, task.question(new TaskFields(document, where)));
        } catch (JsonProcessingException e) {
            throw bad(task, where, e.getOriginalMessage(), e);
        } catch (IllegalArgumentException e) {
            throw bad(task, where, String.valueOf(e.getMessage()), e);
        }
    }

    /** For messages. */
    String where(Line line) {
        return where(source, line.number());
    }

    private static String where(TextSource source, int number) {
        return "line " + number + " of " + source.describe();
    }

    private static Failure bad(ZeroShotTask task, String where, String reason, Exception cause) {
        return FailureKind.BAD_TEXT.failure(
                where + " is no question of " + task.taskName() + ": " + OneLine.of(reason)
                        + "; expected one JSON object a line with the data set's fields " + task.fields(),
                cause);
    }
}
