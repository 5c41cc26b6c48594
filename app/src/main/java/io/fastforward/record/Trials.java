package io.fastforward.record;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.fastforward.failure.Reason;
import io.fastforward.json.StrictJson;
import io.fastforward.search.TrialRecord;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * {@code trials.jsonl}: what happened in every trial, a line of JSON each, for people; numbers that are not finite are
 * strings. No result depends on it.
 */
final class Trials {

    static final String FILE = "trials.jsonl";

    /** Far more than the trials of any search take. */
    private static final long LARGEST = 1L << 30;

    private final RecordStore store;

    Trials(RecordStore store) {
        this.store = store;
    }

    void append(List<TrialRecord> trials) {
        store.append(FILE, bytes(trials.stream().map(StrictJson::line).toList()));
    }

    /**
     * Keeps the records of the first trials alone, whatever a crash left behind or between them. The search does not
     * need them, so what is missing stays missing.
     *
     * @return what is missing, for people who read them
     */
    Optional<String> keep(int trials) {
        SortedMap<Integer, TrialRecord> kept = byNumber(store.file(FILE)).headMap(trials);
        store.write(FILE, bytes(kept.values().stream().map(StrictJson::line).toList()));
        return kept.size() == trials
                ? Optional.empty()
                : Optional.of("'" + store.file(FILE) + "' holds " + kept.size() + " of the " + trials
                        + " trials that the search had done; it goes on without the others, which it does not need");
    }

    /** The trials of a file, in their order, as far as their lines are whole. */
    static List<TrialRecord> read(Path file) {
        return List.copyOf(byNumber(file).values());
    }

    private static SortedMap<Integer, TrialRecord> byNumber(Path file) {
        SortedMap<Integer, TrialRecord> trials = new TreeMap<>();
        for (String line : lines(file)) {
            try {
                TrialRecord trial = StrictJson.read(line, TrialRecord.class);
                if (trial.trial() >= 0) {
                    trials.putIfAbsent(trial.trial(), trial);
                }
            } catch (JsonProcessingException _) {
                // A line that was cut off, or damaged.
            }
        }
        return trials;
    }

    private static List<String> lines(Path file) {
        try {
            if (!Files.exists(file) || Files.size(file) > LARGEST) {
                return List.of();
            }
            return new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
        } catch (IOException e) {
            throw RecordFile.damaged(file, "it cannot be read: " + Reason.of(e), e);
        }
    }

    private static byte[] bytes(List<String> lines) {
        return lines.stream()
                .map(line -> line + "\n")
                .collect(Collectors.joining())
                .getBytes(StandardCharsets.UTF_8);
    }
}
