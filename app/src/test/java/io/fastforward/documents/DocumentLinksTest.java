package io.fastforward.documents;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Every document that is named in a document, a comment or a message exists. */
class DocumentLinksTest {

    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    private static final Set<String> SKIPPED = Set.of("target", "runs", ".git", "__pycache__");

    /** A link of Markdown to a file: not to a place on the web, nor within the page. */
    private static final Pattern LINK = Pattern.compile("\\]\\((?![a-z]+:|#)([^)#\\s]+)(?:#[^)]*)?\\)");

    /** A file or directory by its path from the root, as documents, comments and messages name it. */
    private static final Pattern PATH = Pattern.compile(
            "(?<![\\w./-])(?:docs|scripts|app|spi|testkit|plugins|tornado-kernels)/[\\w./-]*\\w\\.(?:md|py|sh|java)(?!\\.?\\w)");

    private static final Pattern DOCUMENT = Pattern.compile("(?<![\\w./-])docs/[\\w./-]*\\w(?:\\.md)?");

    @Test
    void linksInDocumentsLeadToFiles() throws IOException {
        List<String> broken = new ArrayList<>();
        int found = 0;
        for (Path file : files(".md")) {
            Matcher link = LINK.matcher(Files.readString(file));
            while (link.find()) {
                found++;
                if (!Files.exists(file.resolveSibling(link.group(1)))) {
                    broken.add(ROOT.relativize(file) + " links to " + link.group(1));
                }
            }
        }
        assertThat(found).isPositive();
        assertThat(broken).isEmpty();
    }

    @Test
    void pathsInDocumentsLeadToFiles() throws IOException {
        assertThat(missing(PATH, files(".md"))).isEmpty();
    }

    @Test
    void documentsThatSourcesNameExist() throws IOException {
        List<Path> sources = new ArrayList<>(files(".java", ".py", ".sh", "pom.xml"));
        sources.addAll(scripts());
        assertThat(missing(DOCUMENT, sources)).isEmpty();
    }

    private static List<String> missing(Pattern pattern, List<Path> files) throws IOException {
        List<String> missing = new ArrayList<>();
        int found = 0;
        for (Path file : files) {
            Matcher named = pattern.matcher(Files.readString(file));
            while (named.find()) {
                found++;
                if (!Files.exists(ROOT.resolve(named.group()))) {
                    missing.add(ROOT.relativize(file) + " names " + named.group());
                }
            }
        }
        assertThat(found).isPositive();
        return missing;
    }

    /** Scripts have no extension. */
    private static List<Path> scripts() throws IOException {
        return files("").stream()
                .filter(file -> file.startsWith(ROOT.resolve("scripts"))
                        && !file.getFileName().toString().contains("."))
                .toList();
    }

    private static List<Path> files(String... endings) throws IOException {
        List<Path> files = new ArrayList<>();
        Files.walkFileTree(ROOT, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                boolean skipped = SKIPPED.contains(directory.getFileName().toString());
                return skipped ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (List.of(endings).stream().anyMatch(file.toString()::endsWith)) {
                    files.add(file);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        return files;
    }
}
