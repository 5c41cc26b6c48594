package io.fastforward.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.prune.Sparsifier;
import io.fastforward.spi.search.PolicyAgent;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A check that forgot a method with a default would answer with that, whatever the plugin says. */
class CheckedPluginsTest {

    static Stream<Arguments> checks() {
        return Stream.of(
                Arguments.of(Criterion.class, CheckedCriterion.class),
                Arguments.of(Calibrator.class, CheckedCalibrator.class),
                Arguments.of(Sparsifier.class, CheckedSparsifierProvider.Checked.class),
                Arguments.of(PolicyAgent.class, CheckedAgent.class));
    }

    @ParameterizedTest
    @MethodSource("checks")
    void everyMethodIsPassedOn(Class<?> contract, Class<?> check) {
        List<Method> methods = Arrays.stream(contract.getMethods())
                .filter(method -> !Modifier.isStatic(method.getModifiers()))
                .toList();
        assertThat(methods)
                .isNotEmpty()
                .allSatisfy(method -> assertThat(check.getMethod(method.getName(), method.getParameterTypes())
                                .getDeclaringClass())
                        .as(method.toString())
                        .isEqualTo(check));
    }
}
