package io.fastforward.spi.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class WishTest {

    @Test
    void aCrossMomentOfAStreamWithItselfIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Wish.features(Moment.CROSS_GRAM))
                .withMessageContaining("Gram matrix");
    }

    @Test
    void onASingleStreamTheDenseOneIsTheOwnOne() {
        assertThat(Wish.denseFeatures(Moment.CROSS_GRAM).onSingleStream()).isEqualTo(Wish.features(Moment.GRAM));
        assertThat(Wish.denseFeatures(Moment.SUMS).onSingleStream()).isEqualTo(Wish.features(Moment.SUMS));
    }

    @Test
    void whatWasNotWishedForIsNotThere() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Measured.NOTHING.get(Wish.input(Moment.SUMS)))
                .withMessageContaining("sums of the input");
    }
}
