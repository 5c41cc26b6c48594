package io.fastforward.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The files beside the weights that a derived checkpoint takes over: tokenizer, chat templates, licences, and whatever
 * else {@link CompanionRule} does not leave out. What they are is decided once, when the checkpoint is opened; a file
 * that is gone or another one when it is copied is a failure. Immutable.
 */
public final class CompanionFiles {

    static final String TOKENIZER = "tokenizer.json";
    private static final String TOKENIZER_CONFIG = "tokenizer_config.json";

    /** What decides how a text becomes tokens. */
    private static final Set<String> OF_TOKENIZER =
            Set.of(TOKENIZER, TOKENIZER_CONFIG, "special_tokens_map.json", "added_tokens.json");

    /** The one directory that transformers reads beside the files. */
    private static final String CHAT_TEMPLATES = "additional_chat_templates";

    // Vocabularies have up to some 35 MB. What is larger or more is hardly part of a tokenizer.
    private static final long LARGEST = 64 << 20;
    private static final int MOST = 1_000;

    private static final int MOST_NAMED = 8;

    /**
     * A file as it was when the checkpoint was opened.
     *
     * @param name its name, with that of its directory if it has one
     */
    private record Companion(String name, Path path, long bytes, FileTime modified) {}

    private final List<Companion> carried = new ArrayList<>();
    private final Map<String, String> leftOut = new LinkedHashMap<>();

    private CompanionFiles() {}

    /**
     * Lists the companions in a directory.
     *
     * @param config the contents of its config.json
     * @param weights names of its files of weights, whatever they are called
     * @throws Failure if a file that would be carried over is a link that must not be followed, or a file of the
     *     tokenizer is something else than its name says
     */
    static CompanionFiles of(ModelDirectory directory, JsonNode config, Set<String> weights) {
        CompanionFiles companions = new CompanionFiles();
        Set<String> tokenizerCode = tokenizerCode(directory);
        Set<String> modellingCode = modules(config.path("auto_map"));
        for (String name : directory.names()) {
            Path path = directory.path().resolve(name);
            Optional<CompanionRule> rule = CompanionRule.leavingOut(name);
            if (OF_TOKENIZER.contains(name)) {
                companions.addOfTokenizer(name, directory.requireFile(path));
            } else if (tokenizerCode.contains(name)) {
                companions.add(directory, name, path);
            } else if (modellingCode.contains(name)) {
                companions.leaveOut(name, CompanionRule.MODELLING_CODE.reason());
            } else if (rule.isPresent()) {
                companions.leaveOut(
                        name, weights.contains(name) ? "" : rule.get().reason());
            } else if (name.equals(CHAT_TEMPLATES) && directory.isDirectory(path)) {
                companions.addTemplates(directory, path);
            } else {
                companions.add(directory, name, path);
            }
        }
        return companions;
    }

    /** The names of the files that are carried over; with that of their directory, if they have one. */
    public List<String> names() {
        return carried.stream().map(Companion::name).toList();
    }

    /** What is not carried over and might be missed, in one line. */
    public Optional<String> remark() {
        if (leftOut.isEmpty()) {
            return Optional.empty();
        }
        String named = leftOut.entrySet().stream()
                .limit(MOST_NAMED)
                .map(entry -> OneLine.of(entry.getKey()) + " (" + entry.getValue() + ")")
                .collect(Collectors.joining(", "));
        int more = leftOut.size() - MOST_NAMED;
        return Optional.of("Not carried over from the source: " + named + (more > 0 ? " and " + more + " more" : ""));
    }

    /**
     * Copies all of them.
     *
     * @param target a directory that is there
     * @throws Failure of kind {@link FailureKind#NOT_FOUND} if one is gone or was changed since the checkpoint was
     *     opened, {@link FailureKind#STORAGE} if it cannot be written
     */
    public void copyTo(Path target) {
        for (Companion companion : carried) {
            Path copy = target.resolve(companion.name());
            try {
                makeFolders(target, target.relativize(copy).getParent());
            } catch (IOException e) {
                throw StorageFailure.of(copy, companion.bytes(), e);
            }
            AtomicFile.write(copy, contents(companion));
        }
    }

    /**
     * Makes the folders on the way to a file, but not the target: if that is gone, because the process was told to end and deletes what
     * it has not finished, it must not come back.
     */
    private static void makeFolders(Path target, @Nullable Path folders) throws IOException {
        if (folders == null) {
            return;
        }
        Path at = target;
        for (Path folder : folders) {
            at = at.resolve(folder);
            if (!Files.isDirectory(at)) {
                Files.createDirectory(at);
            }
        }
    }

    /** Those that decide how a text becomes tokens, and so about results. */
    List<Path> ofTokenizer() {
        return carried.stream()
                .filter(companion -> OF_TOKENIZER.contains(companion.name()))
                .map(Companion::path)
                .toList();
    }

    private void addOfTokenizer(String name, Path path) {
        ForeignContents.of(path).ifPresent(foreign -> {
            throw foreign.failure(path, "JSON");
        });
        if (!Files.isReadable(path)) {
            throw ReadFailure.of(path, new AccessDeniedException(path.toString()));
        }
        keep(name, path);
    }

    private void addTemplates(ModelDirectory directory, Path templates) {
        Set<String> names = new TreeSet<>();
        try (DirectoryStream<Path> children = Files.newDirectoryStream(templates)) {
            for (Path child : children) {
                if (names.size() == MOST) {
                    break;
                }
                names.add(String.valueOf(child.getFileName()));
            }
        } catch (IOException e) {
            throw ReadFailure.of(templates, e);
        }
        for (String name : names) {
            if (CompanionRule.leavingOut(name).isEmpty()) {
                add(directory, CHAT_TEMPLATES + "/" + name, templates.resolve(name));
            }
        }
    }

    private void add(ModelDirectory directory, String name, Path path) {
        if (Files.isDirectory(path)) {
            leaveOut(name, "a directory");
        } else if (Files.exists(path) && !Files.isRegularFile(path)) {
            leaveOut(name, "a pipe or a device");
        } else if (carried.size() >= MOST) {
            leaveOut(name, "there are more than " + MOST + " files");
        } else if (!Files.isReadable(directory.requireFile(path))) {
            leaveOut(name, "it cannot be read");
        } else if (ForeignContents.of(path).equals(Optional.of(ForeignContents.GIT_LFS_POINTER))) {
            leaveOut(name, "a Git LFS pointer and not the file: git lfs pull");
        } else {
            keep(name, path);
        }
    }

    private void keep(String name, Path path) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
            if (attributes.size() > LARGEST && !OF_TOKENIZER.contains(name)) {
                leaveOut(name, "it has more than " + (LARGEST >> 20) + " MiB");
            } else {
                carried.add(new Companion(name, path, attributes.size(), attributes.lastModifiedTime()));
            }
        } catch (IOException e) {
            throw ReadFailure.of(path, e);
        }
    }

    private void leaveOut(String name, String reason) {
        if (!reason.isEmpty()) {
            leftOut.put(name, reason);
        }
    }

    private static byte[] contents(Companion companion) {
        Path path = companion.path();
        try {
            BasicFileAttributes now = Files.readAttributes(path, BasicFileAttributes.class);
            if (!now.isRegularFile()
                    || now.size() != companion.bytes()
                    || !now.lastModifiedTime().equals(companion.modified())) {
                throw changed(path, null);
            }
            byte[] contents = Files.readAllBytes(path);
            if (contents.length != companion.bytes()) {
                throw changed(path, null);
            }
            return contents;
        } catch (NoSuchFileException e) {
            throw changed(path, e);
        } catch (IOException e) {
            throw ReadFailure.of(path, e);
        }
    }

    private static Failure changed(Path path, @Nullable Throwable cause) {
        FailureKind kind = cause == null ? FailureKind.BAD_CHECKPOINT : FailureKind.NOT_FOUND;
        return kind.failure(
                ModelDirectory.quoted(path) + (cause == null ? " was changed" : " is gone")
                        + " since the model was opened, so the result cannot take it over as it was; put it back and"
                        + " run the command again",
                cause);
    }

    /** The names of the files with the code of the tokenizer's class. */
    private static Set<String> tokenizerCode(ModelDirectory directory) {
        try {
            return directory
                    .find(TOKENIZER_CONFIG)
                    .map(JsonFile::readObject)
                    .map(config -> modules(config.path("auto_map")))
                    .orElse(Set.of());
        } catch (Failure _) {
            return Set.of(); // whoever needs what is in the file says what is wrong with it
        }
    }

    /** The files of the modules in an {@code auto_map}, whose values look like {@code module.Class}, alone or in lists. */
    private static Set<String> modules(JsonNode automatic) {
        Set<String> files = new TreeSet<>();
        for (JsonNode classes : automatic) {
            for (JsonNode name : classes.isArray() ? classes : List.of(classes)) {
                int dot = name.asText().lastIndexOf('.');
                if (dot > 0) {
                    files.add(name.asText().substring(0, dot) + ".py");
                }
            }
        }
        return files;
    }
}
