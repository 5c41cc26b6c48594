package io.fastforward.evaluate;

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
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A multiple-choice question.
 *
 * @param kind what it asks for; results are grouped by it
 * @param context the text before the choices
 * @param choices the possible continuations, at least two
 * @param answer index of the right one
 */
public record ChoiceTask(String kind, String context, List<String> choices, int answer) {

    public ChoiceTask {
        choices = List.copyOf(choices);
        if (choices.size() < 2 || answer < 0 || answer >= choices.size()) {
            throw new IllegalArgumentException("it needs at least two choices and the index of the right one, but has "
                    + choices.size() + " choices and the answer " + answer);
        }
    }

    /**
     * Reads questions, one JSON object a line with {@code context}, {@code choices}, {@code answer} and perhaps
     * {@code kind}. The file may be gzipped, and a pipe.
     *
     * @param limit most questions to read
     * @throws Failure if the file is missing or a line is malformed; the message names the line
     */
    public static List<ChoiceTask> read(TextSource file, int limit) {
        List<String> lines = TextContents.of(file).text().lines().toList();
        JsonMapper mapper = ForeignJson.mapper(StreamReadConstraints.defaults());
        List<ChoiceTask> tasks = new ArrayList<>();
        for (int i = 0; i < lines.size() && tasks.size() < limit; i++) {
            if (!lines.get(i).isBlank()) {
                tasks.add(parse(mapper, lines.get(i), "line " + (i + 1) + " of " + file.describe()));
            }
        }
        if (tasks.isEmpty()) {
            throw FailureKind.BAD_TEXT.failure(file.describe() + " holds no questions");
        }
        return tasks;
    }

    private static ChoiceTask parse(JsonMapper mapper, String line, String where) {
        try {
            JsonNode node = mapper.readTree(line);
            List<String> choices = new ArrayList<>();
            for (JsonNode choice : required(node, "choices", JsonNode::isArray)) {
                if (!choice.isTextual()) {
                    throw new IllegalArgumentException("a choice is not a text");
                }
                choices.add(TextContents.requireWholeCharacters(choice.textValue(), where));
            }
            JsonNode kind = node.get("kind");
            return new ChoiceTask(
                    kind != null && kind.isTextual() ? kind.textValue() : "all",
                    TextContents.requireWholeCharacters(
                            required(node, "context", JsonNode::isTextual).textValue(), where),
                    choices,
                    required(node, "answer", JsonNode::isInt).intValue());
        } catch (JsonProcessingException | IllegalArgumentException e) {
            throw FailureKind.BAD_TEXT.failure(
                    where + " is no question: expected {\"context\": text, \"choices\": [text, …], \"answer\": index}; "
                            + OneLine.of(reason(e)),
                    e);
        }
    }

    private static String reason(Exception e) {
        return String.valueOf(e instanceof JsonProcessingException json ? json.getOriginalMessage() : e.getMessage());
    }

    private static JsonNode required(JsonNode node, String key, Predicate<JsonNode> kind) {
        @Nullable JsonNode value = node.get(key);
        if (value == null || !kind.test(value)) {
            throw new IllegalArgumentException(key + " is missing or of another kind");
        }
        return value;
    }
}
