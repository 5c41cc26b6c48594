package io.fastforward.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.spi.Options;
import io.fastforward.spi.Plugin;
import java.util.Map;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

/**
 * What every provider has to keep, whatever its kind.
 *
 * @param <P> the service type of its kind
 */
public abstract class PluginContract<P extends Plugin> {

    private final Class<P> service;

    PluginContract(Class<P> service) {
        this.service = service;
    }

    /** The provider under test. */
    protected abstract P provider();

    /** Its options as a user may give them, the others at their defaults. */
    protected final Options options(Map<String, String> given) {
        return Options.of(provider().options(), given);
    }

    @Test
    final void itIsFoundByTheServiceLoader() {
        assertThat(ServiceLoader.load(service))
                .filteredOn(found -> found.id().equals(provider().id()))
                .singleElement()
                .isInstanceOf(provider().getClass());
    }

    @Test
    final void itIntroducesItself() {
        assertThat(provider().id()).matches("[a-z0-9][a-z0-9-]{0,63}");
        assertThat(provider().description()).isNotBlank().doesNotContain("\n");
    }

    @Test
    final void itsOptionsHaveNamesOfTheirOwnAndDefaults() {
        assertThat(Options.defaults(provider()).given()).isFalse();
    }
}
