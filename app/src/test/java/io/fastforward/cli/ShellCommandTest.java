package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ShellCommandTest {

    @Test
    void wordsThatAShellWouldReadOtherwiseAreQuoted() {
        assertThat(ShellCommand.of(List.of("inspect", "models/a-1.5_b")))
                .isEqualTo("fastforward inspect models/a-1.5_b");
        assertThat(ShellCommand.of(List.of("inspect", "my model", "it's", "$HOME", "", "a;b")))
                .isEqualTo("fastforward inspect 'my model' 'it'\\''s' '$HOME' '' 'a;b'");
    }
}
