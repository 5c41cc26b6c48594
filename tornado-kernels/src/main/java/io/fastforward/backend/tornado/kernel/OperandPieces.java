package io.fastforward.backend.tornado.kernel;

import io.fastforward.spi.tensor.DataType;

/**
 * Which products of bfloat16 numbers make up a product in single precision. Tensor cores multiply bfloat16 numbers,
 * which have 8 significant bits, and sum up in single precision. A number of 24 bits is the sum of three such pieces,
 * each at most 2⁻⁸ of the one before; of a product what is left out is at most 2⁻²³. A weight in bfloat16 is one piece,
 * in half precision (11 bits) two, in single precision three.
 *
 * @param pairs number of pairs of a piece of an input and a piece of a weight, the smallest products first
 * @param inputs for each pair the piece of the input, two bits each, from the lowest
 * @param weights for each pair the piece of the weight, two bits each, from the lowest
 * @param weightCopies how often a weight lies among the operands: once if it is one piece, which every pair shares
 */
public record OperandPieces(int pairs, int inputs, int weights, int weightCopies) {

    /** Pieces of an input. */
    private static final int INPUT_PIECES = 3;

    public static OperandPieces of(DataType weight) {
        return switch (weight) {
            case BF16 -> of(1);
            case F16 -> of(2);
            case F32 -> of(3);
        };
    }

    private static OperandPieces of(int weightPieces) {
        int pairs = 0;
        int inputs = 0;
        int weights = 0;
        for (int order = INPUT_PIECES - 1; order >= 0; order--) {
            for (int weight = Math.min(order, weightPieces - 1); weight >= 0; weight--) {
                inputs |= (order - weight) << (2 * pairs);
                weights |= weight << (2 * pairs);
                pairs++;
            }
        }
        return new OperandPieces(pairs, inputs, weights, weightPieces == 1 ? 1 : pairs);
    }
}
