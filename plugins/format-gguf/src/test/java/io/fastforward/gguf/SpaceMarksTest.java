package io.fastforward.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SpaceMarksTest {

    private static final String PREPEND = "{'type':'Prepend','prepend':'▁'}";
    private static final String REPLACE = "{'type':'Replace','pattern':{'String':' '},'content':'▁'}";

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            delimiter = ';',
            value = {
                "{'type':'Sequence','normalizers':[" + PREPEND + "," + REPLACE + "]}; null; true",
                "{'type':'Sequence','normalizers':[" + REPLACE + "]}; null; false",
                REPLACE + "; null; false",
                "null; {'type':'Metaspace','replacement':'▁','prepend_scheme':'always','split':false}; true",
                "null; {'type':'Metaspace','replacement':'▁','prepend_scheme':'first','split':false}; true",
                "null; {'type':'Metaspace','replacement':'▁','prepend_scheme':'never','split':false}; false"
            })
    void thoseOfSentencePieceAreKnown(String normalizer, String words, boolean beginsWithSpace)
            throws JsonProcessingException {
        assertThat(read(normalizer, words).beginsWithSpace()).isEqualTo(beginsWithSpace);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "null; null",
                "{'type':'NFKC'}; null",
                "{'type':'Sequence','normalizers':[" + REPLACE + "," + PREPEND + "]}; null",
                "{'type':'Replace','pattern':{'Regex':' '},'content':'▁'}; null",
                REPLACE + "; {'type':'Metaspace','replacement':'▁','prepend_scheme':'never','split':false}",
                "null; {'type':'Metaspace','replacement':'▁','prepend_scheme':'always'}",
                "null; {'type':'Metaspace','replacement':'_','prepend_scheme':'always','split':false}",
                "null; {'type':'Metaspace','replacement':'▁','prepend_scheme':'often','split':false}",
                "null; {'type':'ByteLevel'}"
            })
    void othersAreRefused(String sections) {
        String[] both = sections.split("; ", -1);
        assertThatExceptionOfType(UnsupportedTokenizerException.class).isThrownBy(() -> read(both[0], both[1]));
    }

    private static SpaceMarks read(String normalizer, String words) throws JsonProcessingException {
        String tokenizer = "{'normalizer':" + normalizer + ",'pre_tokenizer':" + words + "}";
        return SpaceMarks.of(new ObjectMapper().readTree(tokenizer.replace('\'', '"')));
    }
}
