package io.fastforward.backend.cpu.algebra;

/**
 * How a matrix of results is cut into tiles, each made by one thread with one product. Large tiles are faster, since
 * a product packs its rows of tokens and of weights before it uses them (sgemm with 2048 inputs on one core of a Zen 3:
 * 72 GFLOP/s with 256 × 512 tiles, 85 with 1024 × 1408); small ones occupy more threads. The choice depends on the
 * shape and the machine, not on how many of its cores are used, so neither do results.
 *
 * @param rows rows of a tile
 * @param columns columns of a tile
 */
public record Tiling(int rows, int columns) {

    private static final int MOST_ROWS = 1024;
    private static final int MOST_COLUMNS = 2048;
    private static final int FEWEST = 64;
    private static final int TILES = 4 * Math.max(2, Runtime.getRuntime().availableProcessors());

    /** For a matrix of some shape; tiles are a multiple of some columns wide. */
    public static Tiling of(int rows, int columns, int multiple) {
        int tileRows = Math.clamp(rows, 1, MOST_ROWS);
        int tileColumns = Math.clamp(columns, 1, MOST_COLUMNS);
        while ((long) Math.ceilDiv(rows, tileRows) * Math.ceilDiv(columns, tileColumns) < TILES
                && Math.max(tileRows, tileColumns) >= 2 * FEWEST) {
            if (tileRows >= tileColumns) {
                tileRows = Math.ceilDiv(tileRows, 2);
            } else {
                tileColumns = Math.ceilDiv(tileColumns, 2);
            }
        }
        return new Tiling(tileRows, Math.ceilDiv(tileColumns, multiple) * multiple);
    }

    /** Whole rows. */
    public static Tiling ofRows(int rows) {
        return new Tiling(of(rows, 1, 1).rows(), 1);
    }
}
