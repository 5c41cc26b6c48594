package io.fastforward.export;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Texts on which tokenizers differ if they differ at all, the same every time. */
final class VariedTexts {

    private static final List<String> PIECES = List.of(
            "Once upon a time",
            " the king",
            "don't",
            "DON'T",
            "we'LL",
            "I'd've",
            "'s",
            " 's",
            "x'S y",
            "1",
            "12",
            "123",
            "1234",
            "1234567",
            " 42",
            "3.14",
            "٣٤٥",
            "½",
            "Ⅳ",
            " ",
            "  ",
            "   ",
            "\t",
            "\n",
            "\r\n",
            "\n\n\n",
            " \n ",
            "\u00a0",
            "\u3000",
            "\u200b",
            "é",
            "e\u0301",
            "ñandú",
            "Straße",
            "ΑΒγ",
            "Привет",
            "שלום",
            "مرحبا",
            "नमस्ते",
            "漢字",
            "日本語です",
            "한국어",
            "😀",
            "👩‍👩‍👧",
            "🇩🇪",
            "...",
            "!?",
            "—",
            "“quoted”",
            "«a»",
            "$5",
            "100%",
            "a_b",
            "snake_case",
            "CamelCase",
            "http://a.b/c?d=e&f=g",
            "for(int i=0;i<10;++i){",
            "\\n",
            "\"",
            "`",
            "^",
            "~",
            "#",
            "@me",
            "\u0001",
            "\u007f",
            "\ufffd",
            "ﬁ",
            "Ａ",
            "ｱ",
            "𝔄",
            "𐍈",
            "ZZZ",
            "aaaaaaaaaa",
            "▁",
            "Ġ",
            "<",
            "s>",
            "<0x0A>");

    private VariedTexts() {}

    /** As many texts, of 1 to 8 pieces. */
    static List<String> some(int count) {
        SplittableRandom random = new SplittableRandom(14);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            // At first each piece by itself, which says what it is if one fails.
            if (i < PIECES.size()) {
                texts.add(PIECES.get(i));
                continue;
            }
            StringBuilder text = new StringBuilder();
            int pieces = random.nextInt(1, 9);
            for (int piece = 0; piece < pieces; piece++) {
                text.append(PIECES.get(random.nextInt(PIECES.size())));
                text.append(random.nextInt(3) == 0 ? " " : "");
            }
            texts.add(text.toString());
        }
        return List.copyOf(texts);
    }
}
