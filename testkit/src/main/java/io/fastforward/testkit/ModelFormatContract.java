package io.fastforward.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatException;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.fastforward.spi.format.Loading;
import io.fastforward.spi.format.ModelFormat;
import io.fastforward.spi.format.ModelSource;
import io.fastforward.spi.format.ModelWriter;
import io.fastforward.spi.format.ReadableModel;
import io.fastforward.spi.format.WriteSettings;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.ModelEnds;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.NormWeights;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What every {@link ModelFormat} and its provider must do with a LLaMA whose layers have different widths. A provider's
 * test extends it and adds what is its own.
 */
public abstract class ModelFormatContract extends PluginContract<ModelFormat.Provider> {

    private final Arena arena = Arena.ofShared();

    @TempDir
    private Path directory;

    private Path output;

    /** For the test of one provider. */
    @SuppressWarnings("NullAway.Init") // filled in before each test
    protected ModelFormatContract() {
        super(ModelFormat.Provider.class);
    }

    /** Puts the files into the model's directory that the format reads beside config and weights. */
    protected abstract void addFiles(Path source) throws IOException;

    @BeforeEach
    final void makeDirectories() throws IOException {
        Path source = Files.createDirectory(directory.resolve("source"));
        output = Files.createDirectory(directory.resolve("output"));
        addFiles(source);
    }

    @AfterEach
    final void freeMemory() {
        arena.close();
    }

    /** The format under test, with the defaults of its options. */
    protected final ModelFormat format() {
        return provider().create(options(Map.of()));
    }

    /**
     * A model of {@link RandomModel#VOCABULARY} tokens in the directory with the format's files, with two layers of different
     * widths. A format that writes configs, which this one cannot make, brings another one.
     */
    protected ModelSource source(DataType type) {
        return new RandomModel(directory.resolve("source"), type, arena);
    }

    /** The directory with the format's files. */
    protected final Path sourceDirectory() {
        return directory.resolve("source");
    }

    /** Writes a model whole. */
    protected final Path write(ModelSource source, ModelFormat format, @Nullable DataType type) {
        try (ModelWriter writer = format.begin(source, source.spec(), settings(type), output)) {
            for (int layer = 0; layer < source.spec().layers().size(); layer++) {
                writer.layer(layer, source.layer(layer, arena));
            }
            writer.finish();
        }
        return output;
    }

    private static WriteSettings settings(@Nullable DataType type) {
        return new WriteSettings(type, Long.MAX_VALUE);
    }

    @Test
    final void aPlainModelIsNotRefused() {
        ModelSource source = source(DataType.F32);
        assertThat(format().refusal(source.spec(), source.spec())).isEmpty();
        assertThat(format().refusal(source)).isEmpty();
        assertThat(format().demands(source.spec()).widthMultiple()).isPositive();
    }

    @ParameterizedTest
    @EnumSource(DataType.class)
    final void whatIsWrittenIsReadBack(DataType type) {
        ModelSource source = source(type);
        requireSame(source, write(source, format(), null), type);
    }

    @ParameterizedTest
    @EnumSource(DataType.class)
    final void weightsAreRoundedAsAsked(DataType type) {
        ModelSource source = source(DataType.F32);
        requireSame(source, write(source, format(), type), type);
    }

    private void requireSame(ModelSource source, Path written, DataType type) {
        Optional<ReadableModel> found = format().open(written);
        assumeThat(found).as("the format can read").isPresent();
        try (ReadableModel model = found.orElseThrow()) {
            assertThat(model.spec().layers()).hasSameSizeAs(source.spec().layers());
            for (int layer = 0; layer < model.spec().layers().size(); layer++) {
                LayerWeights expected = source.layer(layer, arena);
                LayerWeights actual = model.layer(layer, arena);
                requireSame(expected.attention(), actual.attention(), type);
                requireSame(expected.mlp(), actual.mlp(), type);
            }
            ModelEnds expected = source.ends();
            ModelEnds actual = model.ends();
            requireSame(expected.embedding(), actual.embedding(), type);
            requireSame(expected.head().norm(), actual.head().norm(), type);
            requireSame(expected.head().head(), actual.head().head(), type);
        }
    }

    private void requireSame(ModuleWeights expected, ModuleWeights actual, DataType type) {
        assertThat(actual.maps().keySet())
                .containsExactlyElementsOf(expected.maps().keySet());
        requireSame(expected.norm(), actual.norm(), type);
        for (MapRole role : expected.maps().keySet()) {
            requireSame(expected.map(role), actual.map(role), type);
        }
    }

    private void requireSame(@Nullable NormWeights expected, @Nullable NormWeights actual, DataType type) {
        assertThat(actual).isNotNull();
        assertThat(expected).isNotNull();
        if (expected != null && actual != null) {
            requireSame(expected.weight(), actual.weight(), type);
        }
    }

    private void requireSame(Linear expected, Linear actual, DataType type) {
        requireSame(expected.weight(), actual.weight(), type);
        assertThat(actual.bias() == null).isEqualTo(expected.bias() == null);
    }

    private void requireSame(Matrix expected, Matrix actual, DataType type) {
        Matrix rounded = expected.copy(type, arena);
        assertThat(actual.rows()).isEqualTo(expected.rows());
        assertThat(actual.columns()).isEqualTo(expected.columns());
        for (int row = 0; row < expected.rows(); row++) {
            for (int column = 0; column < expected.columns(); column++) {
                assertThat(actual.get(row, column)).isEqualTo(rounded.get(row, column));
            }
        }
    }

    @Test
    final void itSaysHowMuchItWillWrite() {
        ModelSource source = source(DataType.F32);
        long announced = format().weightBytes(source, source.spec(), settings(DataType.F16));
        write(source, format(), DataType.F16);
        try (Stream<Path> files = Files.walk(output)) {
            long written = files.filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length())
                    .sum();
            assertThat(announced).isPositive().isLessThanOrEqualTo(written);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What is said of loading may be published, so it names no place on this machine. */
    @Test
    final void itSaysHowItIsLoaded() {
        write(source(DataType.F32), format(), DataType.F16);
        assertThat(format().loading(output))
                .isNotEmpty()
                .allSatisfy(way ->
                        assertThat(way.lines()).contains(Loading.DIRECTORY).doesNotContain(output.toString()));
    }

    @Test
    final void aModelThatLacksALayerIsNotCompleted() {
        ModelSource source = source(DataType.F32);
        try (ModelWriter writer = format().begin(source, source.spec(), settings(null), output)) {
            writer.layer(0, source.layer(0, arena));
            assertThatException().isThrownBy(writer::finish);
        }
    }

    @Test
    final void aLayerOfOtherWidthsIsRefused() {
        ModelSource source = source(DataType.F32);
        try (ModelWriter writer = format().begin(source, source.spec(), settings(null), output)) {
            assertThatException().isThrownBy(() -> writer.layer(0, source.layer(1, arena)));
        }
    }
}
