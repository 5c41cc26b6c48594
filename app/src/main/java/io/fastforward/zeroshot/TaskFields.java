package io.fastforward.zeroshot;

import com.fasterxml.jackson.databind.JsonNode;
import io.fastforward.failure.OneLine;
import io.fastforward.tokenizer.TextContents;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The fields of an object in a task's file, each read as what it must be. Whatever is wrong with one is an
 * {@link IllegalArgumentException} whose message names the field.
 *
 * @param node the object
 * @param where for messages about characters
 */
record TaskFields(JsonNode node, String where) {

    TaskFields {
        if (!node.isObject()) {
            throw new IllegalArgumentException("it is no JSON object");
        }
    }

    /** Any text. */
    String text(String name) {
        return characters(required(name, JsonNode::isTextual, "a text"));
    }

    /** A text that is not empty. */
    String choice(String name) {
        return notEmpty(text(name), name);
    }

    /** Texts. */
    List<String> texts(String name) {
        List<String> texts = new ArrayList<>();
        for (JsonNode element : required(name, JsonNode::isArray, "an array of texts")) {
            if (!element.isTextual()) {
                throw new IllegalArgumentException(name + " holds " + shown(element) + ", which is no text");
            }
            texts.add(characters(element));
        }
        return texts;
    }

    /** Texts none of which is empty. */
    List<String> choices(String name) {
        List<String> choices = texts(name);
        choices.forEach(choice -> notEmpty(choice, name));
        return choices;
    }

    /** Fields of an object in a field. */
    TaskFields object(String name) {
        return new TaskFields(required(name, JsonNode::isObject, "an object"), where);
    }

    /** A number from 0 on, perhaps written as a text, as the label of a choice is. */
    int index(String name) {
        JsonNode value = required(name, node -> node.isInt() || node.isTextual(), "the index of a choice");
        if (value.isInt() && value.intValue() >= 0) {
            return value.intValue();
        }
        if (value.isTextual() && value.textValue().matches("[0-9]{1,9}")) {
            return Integer.parseInt(value.textValue());
        }
        throw new IllegalArgumentException(name + " is " + shown(value) + ", expected the index of a choice;"
                + " the test part of some data sets has no answers");
    }

    /** 0 or 1, or false or true. */
    int flag(String name) {
        JsonNode value = required(name, node -> node.isBoolean() || node.isInt(), "0 or 1");
        return value.isBoolean() ? value.booleanValue() ? 1 : 0 : index(name);
    }

    /** Which one of some texts it is. */
    int keyAmong(String name, List<String> keys) {
        int index = keys.indexOf(text(name));
        if (index < 0) {
            throw new IllegalArgumentException(name + " is " + shown(node.path(name)) + ", expected one of "
                    + String.join(", ", keys) + "; the test part of some data sets has no answers");
        }
        return index;
    }

    private String characters(JsonNode text) {
        return TextContents.requireWholeCharacters(text.textValue(), where);
    }

    private static String notEmpty(String text, String name) {
        if (text.isEmpty()) {
            throw new IllegalArgumentException(name + " has an empty choice");
        }
        return text;
    }

    private JsonNode required(String name, Predicate<JsonNode> kind, String expected) {
        @Nullable JsonNode value = node.get(name);
        if (value == null) {
            throw new IllegalArgumentException(name + " is missing");
        }
        if (!kind.test(value)) {
            throw new IllegalArgumentException(name + " is " + shown(value) + ", expected " + expected);
        }
        return value;
    }

    private static String shown(JsonNode value) {
        return OneLine.of(value.toString());
    }
}
