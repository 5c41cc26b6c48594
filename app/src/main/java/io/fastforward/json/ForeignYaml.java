package io.fastforward.json;

import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import org.yaml.snakeyaml.LoaderOptions;

/** YAML that other people have written: anything may stand in it. */
public final class ForeignYaml {

    private ForeignYaml() {}

    /**
     * Reads documents without repeated collections.
     *
     * @param limits the most that a hostile file can make us keep; the length of a document is below 2³¹
     */
    public static YAMLFactory factory(StreamReadConstraints limits) {
        LoaderOptions options = new LoaderOptions();
        options.setCodePointLimit(Math.toIntExact(limits.getMaxDocumentLength()));
        options.setNestingDepthLimit(limits.getMaxNestingDepth());
        options.setMaxAliasesForCollections(0);
        return YAMLFactory.builder()
                .loaderOptions(options)
                .streamReadConstraints(limits)
                .build();
    }
}
