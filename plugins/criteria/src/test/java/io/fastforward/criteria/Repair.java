package io.fastforward.criteria;

import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What is lost with some parts when the others are repaired as well as can be, by the textbook in double precision. */
final class Repair {

    private final int width;
    private final Matrix weight;
    private final double[][] gram;

    /** @param ridge relative to the mean diagonal */
    Repair(ModuleView module, double ridge) {
        width = module.spec().featuresPerPart();
        weight = module.weights().output().weight();
        DoubleMatrix sums = module.measured().get(Wish.features(Moment.GRAM));
        gram = new double[sums.rows()][sums.rows()];
        double trace = 0;
        for (int i = 0; i < gram.length; i++) {
            for (int j = 0; j < gram.length; j++) {
                gram[i][j] = sums.get(i, j) / module.measured().tokens();
            }
            trace += gram[i][i];
        }
        for (int i = 0; i < gram.length; i++) {
            gram[i][i] += ridge * trace / gram.length;
        }
    }

    /** tr(W_S (A_SS − A_SK A_KK⁻¹ A_KS) W_Sᵀ) for the columns S of some parts and K of the others, A = G + λI. */
    double loss(Set<Integer> parts) {
        List<Integer> gone = columns(parts, true);
        List<Integer> kept = columns(parts, false);
        // Gauss: the kept columns are eliminated from the matrix in which they come first.
        List<Integer> order = new ArrayList<>(kept);
        order.addAll(gone);
        double[][] a = new double[order.size()][order.size()];
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < a.length; j++) {
                a[i][j] = gram[order.get(i)][order.get(j)];
            }
        }
        for (int k = 0; k < kept.size(); k++) {
            for (int i = k + 1; i < a.length; i++) {
                double factor = a[i][k] / a[k][k];
                for (int j = k; j < a.length; j++) {
                    a[i][j] -= factor * a[k][j];
                }
            }
        }
        double loss = 0;
        for (int row = 0; row < weight.rows(); row++) {
            for (int i = 0; i < gone.size(); i++) {
                for (int j = 0; j < gone.size(); j++) {
                    loss += weight.get(row, gone.get(i))
                            * a[kept.size() + i][kept.size() + j]
                            * weight.get(row, gone.get(j));
                }
            }
        }
        return loss;
    }

    private List<Integer> columns(Set<Integer> parts, boolean of) {
        List<Integer> columns = new ArrayList<>();
        for (int column = 0; column < gram.length; column++) {
            if (parts.contains(column / width) == of) {
                columns.add(column);
            }
        }
        return columns;
    }
}
