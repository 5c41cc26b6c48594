package io.fastforward.spi.format;

/**
 * How people load a model in one of the programs that can, for its description.
 *
 * @param program its name
 * @param language of the lines, as Markdown names it: {@code python}, {@code sh}
 * @param lines what to type; {@link #DIRECTORY} stands for the directory of the model, which may go anywhere
 */
public record Loading(String program, String language, String lines) {

    /** Stands for the model's directory. */
    public static final String DIRECTORY = "MODEL_DIR";

    public Loading {
        if (program.isBlank() || lines.isBlank()) {
            throw new IllegalArgumentException("a way to load a model names a program and what to type");
        }
    }
}
