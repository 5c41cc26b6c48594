package io.fastforward.gguf;

import java.util.List;

/**
 * The characters that stand for bytes in byte-level vocabularies: those of Latin-1 that can be seen stand for themselves, the others
 * for characters from U+0100 on, in order (Radford et al., 2019).
 *
 * @param characters one for each byte
 */
record ByteAlphabet(String characters) {

    static final ByteAlphabet GPT_2 = gpt2();

    private static ByteAlphabet gpt2() {
        StringBuilder characters = new StringBuilder();
        char next = 0x100;
        for (char value = 0; value < 256; value++) {
            boolean visible = (value >= '!' && value <= '~')
                    || (value >= 0xA1 && value <= 0xAC)
                    || (value >= 0xAE && value <= 0xFF);
            characters.append(visible ? value : next++);
        }
        return new ByteAlphabet(characters.toString());
    }

    /** Whether a token has no other characters. */
    boolean spells(String token) {
        return token.chars().allMatch(letter -> characters.indexOf(letter) >= 0);
    }

    /** The characters one by one. */
    List<String> letters() {
        return characters.chars().mapToObj(Character::toString).toList();
    }
}
