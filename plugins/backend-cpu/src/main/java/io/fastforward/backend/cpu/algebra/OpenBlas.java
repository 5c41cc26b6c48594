package io.fastforward.backend.cpu.algebra;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.fastforward.spi.backend.Availability;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas_nolapack;

/**
 * The routines of OpenBLAS that the CPU backend uses, bound with the foreign function interface. Each runs in the
 * thread that calls it: the library's own threads are off, because cutting the work into fixed tiles keeps results
 * independent of the number of threads, and is as fast (docs/decisions/blas.md).
 *
 * <p>Shapes and strides are the caller's duty; a wrong one corrupts memory.
 */
public final class OpenBlas implements BlockKernels, MatrixProducts {

    /** An environment variable that overrules the library's choice of kernels for this processor. */
    public static final String CORE_TYPE_VARIABLE = "OPENBLAS_CORETYPE";

    private static final int ROW_MAJOR = 101;
    private static final int PLAIN = 111;
    private static final int TRANSPOSED = 112;
    private static final int LOWER = 122;
    private static final int NON_UNIT = 131;
    private static final int RIGHT = 142;

    private final MethodHandle sgemm;
    private final MethodHandle sgemv;
    private final MethodHandle dgemm;
    private final MethodHandle dsyrk;
    private final MethodHandle dtrsm;
    private final String description;

    private OpenBlas(SymbolLookup library) {
        sgemm = bind(library, "cblas_sgemm", "iiiiiifpipifpi");
        sgemv = bind(library, "cblas_sgemv", "iiiifpipifpi");
        dgemm = bind(library, "cblas_dgemm", "iiiiiidpipidpi");
        dsyrk = bind(library, "cblas_dsyrk", "iiiiidpidpi");
        dtrsm = bind(library, "cblas_dtrsm", "iiiiiiidpipi");
        try {
            bind(library, "openblas_set_num_threads", "i").invokeExact(1);
            description =
                    text(library, "openblas_get_config") + ", kernels for " + text(library, "openblas_get_corename");
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    /**
     * Unpacks the library where the JavaCPP cache is, if it is not there yet, and loads it.
     *
     * @throws UnsatisfiedLinkError if there is none for this platform, or it cannot be unpacked or loaded
     */
    static OpenBlas load() {
        Loader.load(openblas_nolapack.class);
        return new OpenBlas(SymbolLookup.loaderLookup());
    }

    /**
     * The same.
     *
     * @throws IllegalStateException if there is none
     */
    public static OpenBlas loadAvailable() {
        try {
            return load();
        } catch (LinkageError | RuntimeException e) {
            throw new IllegalStateException("OpenBLAS is not available: " + firstCause(e), e);
        }
    }

    /** Whether it loads here, and as what. */
    public static Availability availability() {
        String library;
        try {
            library = load().description();
        } catch (LinkageError | RuntimeException e) {
            return Availability.missing(
                    "OpenBLAS does not load on " + System.getProperty("os.name") + " " + System.getProperty("os.arch")
                            + ": " + firstCause(e),
                    "it comes for Linux x86-64 and arm64, macOS arm64 and Windows x86-64 and is unpacked to '"
                            + System.getProperty("org.bytedeco.javacpp.cachedir", "~/.javacpp/cache")
                            + "': make that a directory that can be written to and run from, or set the environment"
                            + " variable FASTFORWARD_CACHE to another one",
                    e);
        }
        String coreType = System.getenv(CORE_TYPE_VARIABLE);
        return coreType == null || coreType.isBlank()
                ? Availability.ready(library)
                : Availability.slow(
                        library + "; " + CORE_TYPE_VARIABLE + "=" + coreType + " forces the choice of kernels",
                        "unset " + CORE_TYPE_VARIABLE
                                + ": OpenBLAS finds the processor by itself, and kernels for an older one can halve the"
                                + " speed");
    }

    /** What went wrong at first: after that, Java says no more than that the class could not be initialised. */
    public static Throwable firstCause(Throwable e) {
        Throwable first = e;
        while (first.getCause() != null) {
            first = first.getCause();
        }
        return first;
    }

    /** Version, build and the processor that its kernels are made for. */
    @Override
    public String description() {
        return description;
    }

    @Override
    public void multiplyByTransposed(int m, int n, int k, FloatView a, FloatView b, float beta, FloatView c) {
        if (m == 1) {
            sgemv(PLAIN, n, k, b, a, beta, c);
        } else {
            sgemm(PLAIN, TRANSPOSED, m, n, k, a, b, beta, c);
        }
    }

    @Override
    public void multiply(int m, int n, int k, FloatView a, FloatView b, float beta, FloatView c) {
        if (m == 1) {
            sgemv(TRANSPOSED, k, n, b, a, beta, c);
        } else {
            sgemm(PLAIN, PLAIN, m, n, k, a, b, beta, c);
        }
    }

    @Override
    public void multiplyTransposed(int m, int n, int k, FloatView a, FloatView b, FloatView c) {
        sgemm(TRANSPOSED, PLAIN, m, n, k, a, b, 0, c);
    }

    private void sgemm(int left, int right, int m, int n, int k, FloatView a, FloatView b, float beta, FloatView c) {
        try {
            sgemm.invokeExact(
                    ROW_MAJOR,
                    left,
                    right,
                    m,
                    n,
                    k,
                    1f,
                    a.segment(),
                    a.stride(),
                    b.segment(),
                    b.stride(),
                    beta,
                    c.segment(),
                    c.stride());
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    /**
     * y = A·x + β·y, or with Aᵀ. A product of matrices copies A first to put it in order, which for one row of x is most
     * of the work: 95 tokens per second were generated with it on the demo model, 150 without.
     */
    private void sgemv(int transposition, int rows, int columns, FloatView a, FloatView x, float beta, FloatView y) {
        try {
            float kept = beta;
            if (beta == 0) { // some versions multiply what is there by 0, and NaN stays NaN
                long length = transposition == PLAIN ? rows : columns;
                y.data().asSlice(y.first() * Float.BYTES, length * Float.BYTES).fill((byte) 0);
                kept = 1;
            }
            sgemv.invokeExact(
                    ROW_MAJOR,
                    transposition,
                    rows,
                    columns,
                    1f,
                    a.segment(),
                    a.stride(),
                    x.segment(),
                    1,
                    kept,
                    y.segment(),
                    1);
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    @Override
    public void multiply(DoubleMatrix a, DoubleMatrix b, DoubleMatrix c) {
        dgemm(PLAIN, a, b, 1, 0, c);
    }

    @Override
    public void subtractProductByTransposed(DoubleMatrix a, DoubleMatrix b, DoubleMatrix c) {
        dgemm(TRANSPOSED, a, b, -1, 1, c);
    }

    private void dgemm(int right, DoubleMatrix a, DoubleMatrix b, double alpha, double beta, DoubleMatrix c) {
        try {
            dgemm.invokeExact(
                    ROW_MAJOR,
                    PLAIN,
                    right,
                    c.rows(),
                    c.columns(),
                    a.columns(),
                    alpha,
                    a.data(),
                    stride(a),
                    b.data(),
                    stride(b),
                    beta,
                    c.data(),
                    stride(c));
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    @Override
    public void subtractSquareFromLower(DoubleMatrix a, DoubleMatrix c) {
        try {
            dsyrk.invokeExact(
                    ROW_MAJOR,
                    LOWER,
                    PLAIN,
                    c.rows(),
                    a.columns(),
                    -1.0,
                    a.data(),
                    stride(a),
                    1.0,
                    c.data(),
                    stride(c));
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    @Override
    public void divideByTransposedLower(DoubleMatrix lower, DoubleMatrix b) {
        dtrsm(TRANSPOSED, lower, b);
    }

    @Override
    public void divideByLower(DoubleMatrix lower, DoubleMatrix b) {
        dtrsm(PLAIN, lower, b);
    }

    private void dtrsm(int transposition, DoubleMatrix lower, DoubleMatrix b) {
        try {
            dtrsm.invokeExact(
                    ROW_MAJOR,
                    RIGHT,
                    LOWER,
                    transposition,
                    NON_UNIT,
                    b.rows(),
                    b.columns(),
                    1.0,
                    lower.data(),
                    stride(lower),
                    b.data(),
                    stride(b));
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    private static int stride(DoubleMatrix matrix) {
        return Math.toIntExact(Math.max(1, matrix.rowStride()));
    }

    /** A routine without a result. Of each argument there is a letter: int, float, double or pointer. */
    private static MethodHandle bind(SymbolLookup library, String name, String arguments) {
        MemoryLayout[] layouts = arguments
                .chars()
                .mapToObj(letter -> switch (letter) {
                    case 'i' -> JAVA_INT;
                    case 'f' -> JAVA_FLOAT;
                    case 'd' -> JAVA_DOUBLE;
                    default -> ADDRESS;
                })
                .toArray(MemoryLayout[]::new);
        return bind(library, name, FunctionDescriptor.ofVoid(layouts));
    }

    private static MethodHandle bind(SymbolLookup library, String name, FunctionDescriptor signature) {
        MemorySegment address = library.find(name)
                .orElseThrow(() -> new UnsatisfiedLinkError("the OpenBLAS that was loaded has no " + name));
        return Linker.nativeLinker().downcallHandle(address, signature);
    }

    private static String text(SymbolLookup library, String name) throws Throwable {
        var address = (MemorySegment)
                bind(library, name, FunctionDescriptor.of(ADDRESS)).invokeExact();
        return address.reinterpret(Long.MAX_VALUE).getString(0).strip();
    }

    private static RuntimeException failure(Throwable e) {
        return switch (e) {
            case RuntimeException unchecked -> unchecked;
            case Error error -> throw error;
            default -> new IllegalStateException("a call of OpenBLAS failed", e);
        };
    }
}
