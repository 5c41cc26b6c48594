package io.fastforward.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which neighbours become one token, the first of the list first.
 *
 * @param pairs left and right half
 */
record MergeList(List<Pair> pairs) {

    private static final String OTHERWISE =
            ", so that llama.cpp, which goes by scores as SentencePiece does, would make"
                    + " other tokens of a text; only tokenizers that come from SentencePiece can be written";

    /** Two tokens that become one. */
    record Pair(String left, String right) {
        String product() {
            return left + right;
        }
    }

    /**
     * Reads a list, of arrays or of texts with a space between the halves.
     *
     * @param ids numbers of all tokens
     * @throws UnsupportedTokenizerException if it is none, or a half or the whole of a pair is no token
     */
    static MergeList of(JsonNode list, Map<String, Integer> ids) {
        VocabularyReader.refuseIf(!list.isArray(), "its model has no list of merges");
        List<Pair> pairs = new ArrayList<>();
        for (JsonNode merge : list) {
            Pair pair = pair(merge);
            for (String token : List.of(pair.left(), pair.right(), pair.product())) {
                VocabularyReader.refuseIf(
                        !ids.containsKey(token),
                        "merge " + pairs.size() + " needs the token '" + VocabularyReader.excerpt(token)
                                + "', which it does not have");
            }
            pairs.add(pair);
        }
        return new MergeList(List.copyOf(pairs));
    }

    private static Pair pair(JsonNode merge) {
        if (merge.isArray()
                && merge.size() == 2
                && merge.path(0).isTextual()
                && merge.path(1).isTextual()) {
            return new Pair(merge.path(0).textValue(), merge.path(1).textValue());
        }
        String text = merge.asText("");
        int space = text.indexOf(' ');
        VocabularyReader.refuseIf(
                !merge.isTextual() || space < 1 || space == text.length() - 1 || text.indexOf(' ', space + 1) >= 0,
                "a merge is no pair of tokens: " + VocabularyReader.excerpt(merge.toString()));
        return new Pair(text.substring(0, space), text.substring(space + 1));
    }

    /** The pairs as GGUF files have them. */
    List<String> texts() {
        for (Pair pair : pairs) {
            VocabularyReader.refuseIf(
                    pair.product().indexOf(' ') >= 0,
                    "a merge has a space in it: '" + VocabularyReader.excerpt(pair.product()) + "'");
        }
        return pairs.stream().map(pair -> pair.left() + " " + pair.right()).toList();
    }

    /**
     * What SentencePiece needs in place of the list: the place of each token among those that are put together. Its
     * algorithm goes by the token that two neighbours would be, whichever the neighbours are. That is the same as going by this list
     * if the list has all pairs of tokens that are a token together, and those that make the same token stand side by side; lists
     * that were made from a SentencePiece model are like that.
     *
     * @param tokens all tokens
     * @throws UnsupportedTokenizerException if the list is not like that, so that texts would become other tokens
     */
    Map<String, Integer> orderOfProducts(Set<String> tokens) {
        Map<String, Integer> order = new LinkedHashMap<>();
        String before = "";
        for (Pair pair : pairs) {
            String product = pair.product();
            if (!product.equals(before)) {
                VocabularyReader.refuseIf(
                        order.put(product, order.size()) != null,
                        "its merges into '" + VocabularyReader.excerpt(product) + "' do not stand side by side"
                                + OTHERWISE);
            }
            before = product;
        }
        Set<Pair> known = new HashSet<>(pairs);
        for (String token : tokens) {
            for (int at = token.offsetByCodePoints(0, 1); at < token.length(); at = token.offsetByCodePoints(at, 1)) {
                Pair pair = new Pair(token.substring(0, at), token.substring(at));
                VocabularyReader.refuseIf(
                        tokens.contains(pair.left()) && tokens.contains(pair.right()) && !known.contains(pair),
                        "'" + VocabularyReader.excerpt(pair.left()) + "' and '" + VocabularyReader.excerpt(pair.right())
                                + "' are a token together, but no merge says so" + OTHERWISE);
            }
        }
        return order;
    }
}
