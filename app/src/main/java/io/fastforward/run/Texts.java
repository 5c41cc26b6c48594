package io.fastforward.run;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.tokenizer.TextSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Checks on the texts of a run before any of them is read. */
final class Texts {

    private Texts() {}

    /**
     * Checks that no two options name the same pipe: each of them would get a part of what comes through.
     *
     * @param sources by their options
     * @throws Failure of kind {@link FailureKind#USAGE} if two do
     */
    static void requireStreamsOfTheirOwn(Map<String, Optional<TextSource>> sources) {
        List<Map.Entry<String, Optional<TextSource>>> all = new ArrayList<>(new TreeMap<>(sources).entrySet());
        for (int i = 0; i < all.size(); i++) {
            for (int j = i + 1; j < all.size(); j++) {
                Optional<TextSource> first = all.get(i).getValue();
                Optional<TextSource> second = all.get(j).getValue();
                if (first.isPresent() && second.isPresent() && first.get().sharesStreamWith(second.get())) {
                    throw new Failure(
                            FailureKind.USAGE,
                            all.get(i).getKey() + " and " + all.get(j).getKey()
                                    + " name the same pipe, which can be read but once; give one of them a file");
                }
            }
        }
    }
}
