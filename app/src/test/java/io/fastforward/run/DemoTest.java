package io.fastforward.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoTest {

    @Test
    void unpackingGoesOnWhereItWasKilled(@TempDir Path directory) throws IOException {
        Demo demo = new Demo(directory);
        demo.unpack();
        byte[] text = Files.readAllBytes(demo.calibrationText());
        Files.delete(demo.calibrationText());
        Path half = Files.writeString(directory.resolve("calibration.txt.partial-0123abcd"), "half");
        Path theirs = Files.createDirectory(directory.resolve("calibration.txt.partial-00000000"));
        demo.requireOwnDirectory();
        demo.unpack();
        assertThat(demo.calibrationText()).hasBinaryContent(text);
        assertThat(half).doesNotExist();
        assertThat(theirs).exists();
    }
}
