package io.fastforward.backend.tornado.kernel;

import io.fastforward.backend.tornado.kernel.Block.Order;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Products of matrices in all layouts. */
abstract class ProductKernelContract extends KernelContract {

    ProductKernelContract(KernelFixture fixture) {
        super(fixture);
    }

    /** How a product is done: as linear maps, Gram matrices and transposed queries need it. */
    record Way(Order a, Order b, Order c, boolean bias, boolean add, boolean lower) {}

    record Size(int rows, int columns, int inner) {}

    record Case(Size size, Way way) {}

    static Stream<Case> products() {
        return Stream.of(
                        new Size(1, 1, 1),
                        new Size(2, 15, 2),
                        new Size(1, 65, 3),
                        new Size(4, 64, 16),
                        new Size(5, 63, 7),
                        new Size(67, 17, 5),
                        new Size(13, 131, 33),
                        new Size(70, 70, 9),
                        new Size(3, 5, 3000))
                .flatMap(size -> Stream.of(
                                new Way(Order.DENSE, Order.DENSE, Order.DENSE, false, false, false),
                                new Way(Order.ROWS, Order.ROWS, Order.ROWS, true, false, false),
                                new Way(Order.ROWS, Order.DENSE, Order.COLUMNS, true, false, false),
                                new Way(Order.ROWS, Order.ROWS, Order.ROWS, false, true, false),
                                new Way(Order.COLUMNS, Order.ROWS, Order.DENSE, false, false, true),
                                new Way(Order.COLUMNS, Order.DENSE, Order.ROWS, false, true, true),
                                new Way(Order.SPREAD, Order.ROWS, Order.SPREAD, true, true, false))
                        .map(way -> new Case(size, way)));
    }

    @ParameterizedTest
    @MethodSource("products")
    void sumsUpProducts(Case test) {
        Size size = test.size;
        Way way = test.way;
        MemoryImage image = image();
        Block a = image.input("a", image.random(size.rows, size.inner), way.a);
        Block b = image.input("b", image.random(size.inner, size.columns), way.b);
        Block bias = way.bias ? image.input("bias", image.random(1, size.columns), Order.DENSE) : null;
        Block c = way.add
                ? image.inPlace("c", image.random(size.rows, size.columns), way.c)
                : image.output("c", size.rows, size.columns, way.c);
        image.expect(c, (row, column) -> {
            if (way.lower && column > row) {
                image.permitToStay(c, row, column);
            }
            // In any order, with the bias and what was there as further terms.
            return Approximation.sum(Stream.of(
                            products(a, b, row, column),
                            bias == null ? Stream.<Approximation>empty() : Stream.of(bias.get(0, column)),
                            way.add ? Stream.of(c.get(row, column)) : Stream.<Approximation>empty())
                    .flatMap(terms -> terms));
        });
        image.check(executor -> ProductKernel.launch(executor, sizes(a, b, c, bias, way.add, way.lower)));
    }

    @Test
    void whatIsNotANumberStaysInItsRowAndColumn() {
        MemoryImage image = image();
        float[][] left = image.random(9, 6);
        float[][] right = image.random(6, 70);
        left[6][2] = Float.NaN;
        right[5][66] = Float.POSITIVE_INFINITY;
        Block a = image.input("a", left, Order.ROWS);
        Block b = image.input("b", right, Order.ROWS);
        Block c = image.output("c", 9, 70, Order.ROWS);
        image.expect(
                c,
                (row, column) -> row != 6 && column == 66
                        ? Approximation.exactly(left[row][5] * Double.POSITIVE_INFINITY)
                        : Approximation.sum(products(a, b, row, column)));
        image.check(executor -> ProductKernel.launch(executor, sizes(a, b, c, null, false, false)));
    }

    private static Stream<Approximation> products(Block a, Block b, int row, int column) {
        return IntStream.range(0, a.columns()).mapToObj(k -> a.get(row, k).times(b.get(k, column)));
    }

    private static ProductKernel.Sizes sizes(
            Block a, Block b, Block c, @Nullable Block bias, boolean add, boolean lower) {
        return new ProductKernel.Sizes(
                c.rows(),
                c.columns(),
                a.columns(),
                a.start(),
                a.rowStride(),
                a.columnStride(),
                b.start(),
                b.rowStride(),
                c.start(),
                c.rowStride(),
                c.columnStride(),
                bias == null ? -1 : bias.start(),
                add,
                lower);
    }
}
