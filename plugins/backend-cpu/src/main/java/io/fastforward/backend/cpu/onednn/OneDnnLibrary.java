package io.fastforward.backend.cpu.onednn;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.net.URL;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.javacpp.Loader;

/**
 * The functions of oneDNN's C interface (version 3) that make and execute products, bound with the foreign function
 * interface. What it makes is destroyed when the arena closes that it was made in, the last first.
 *
 * <p>Shapes and addresses are the caller's duty; a wrong one corrupts memory.
 */
final class OneDnnLibrary {

    static final int BFLOAT16 = 2;
    static final int SINGLE = 3;

    private static final int CPU = 1;
    private static final int IN_ORDER = 1;
    private static final int USER_SCRATCHPAD = 1;
    private static final int ANY_LAYOUT = 1;

    private static final int IMPLEMENTATION = 8;
    private static final int WEIGHTS = 131;
    private static final int SCRATCHPAD = 136;
    private static final int OFFSET = 259;
    private static final int BLOCKS = 263;
    private static final int BLOCK_SIZES = 264;
    private static final int BLOCK_DIMENSIONS = 265;

    private static final int SUCCESS = 0;
    private static final List<String> STATUS = List.of(
            "success", "out of memory", "invalid arguments", "unimplemented", "last implementation", "runtime error");

    /** Beside it because it is linked with them: its threads, which stay one a call, and a loader of GPU drivers. */
    private static final List<String> FILES =
            List.of("dnnl/%s/libgomp.so.1", "opencl/%s/libOpenCL.so.1", "dnnl/%s/libdnnl.so.3");

    private static final String PLATFORM = "linux-x86_64";

    private final SymbolLookup library;
    private final Map<String, MethodHandle> handles = new ConcurrentHashMap<>();
    private final MethodHandle createMemory;
    private final MethodHandle destroyMemory;
    private final MethodHandle execute;
    private final MethodHandle setThreads;

    private OneDnnLibrary(SymbolLookup library) {
        this.library = library;
        createMemory = bind("dnnl_memory_create", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS));
        destroyMemory = bind("dnnl_memory_destroy", FunctionDescriptor.of(JAVA_INT, ADDRESS));
        execute = bind("dnnl_primitive_execute", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, ADDRESS));
        setThreads = bind("omp_set_num_threads", FunctionDescriptor.ofVoid(JAVA_INT));
    }

    /**
     * Unpacks the library where the JavaCPP cache is, if it is not there yet, and loads it.
     *
     * @throws UnsatisfiedLinkError if there is none for this platform, or it cannot be unpacked or loaded
     */
    static OneDnnLibrary load() {
        String platform = Loader.getPlatform();
        if (!platform.equals(PLATFORM)) {
            throw new UnsatisfiedLinkError("it comes for " + PLATFORM + " only, and this is " + platform);
        }
        for (String file : FILES) {
            String name = "/org/bytedeco/" + String.format(file, platform);
            URL resource = OneDnnLibrary.class.getResource(name);
            if (resource == null) {
                throw new UnsatisfiedLinkError(name + " is not in the class path");
            }
            try {
                System.load(Loader.cacheResource(resource).getPath());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return new OneDnnLibrary(SymbolLookup.loaderLookup());
    }

    /** Its version and the instruction set that it uses here, for people. */
    String description() {
        MemorySegment version = ((MemorySegment) invoke("dnnl_version", FunctionDescriptor.of(ADDRESS)))
                .reinterpret(3 * JAVA_INT.byteSize());
        int isa = (int) invoke("dnnl_get_effective_cpu_isa", FunctionDescriptor.of(JAVA_INT));
        return "oneDNN " + version.getAtIndex(JAVA_INT, 0) + "." + version.getAtIndex(JAVA_INT, 1) + "."
                + version.getAtIndex(JAVA_INT, 2) + ", instruction set 0x" + Integer.toHexString(isa);
    }

    /**
     * Has the calling thread compute alone from now on. Otherwise a product, and whatever it is made of, would start
     * threads of the library's.
     */
    void computeAlone() {
        try {
            setThreads.invokeExact(1);
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    MemorySegment engine(Arena arena) {
        return made(arena, "dnnl_engine_create", "dnnl_engine_destroy", CPU, 0L);
    }

    MemorySegment stream(Arena arena, MemorySegment engine) {
        return made(arena, "dnnl_stream_create", "dnnl_stream_destroy", engine, IN_ORDER);
    }

    /** The description of a matrix whose rows and columns are some elements apart. */
    MemorySegment strided(Arena arena, int type, long rows, long columns, long rowStride, long columnStride) {
        return made(
                arena,
                "dnnl_memory_desc_create_with_strides",
                "dnnl_memory_desc_destroy",
                2,
                longs(arena, rows, columns),
                type,
                longs(arena, rowStride, columnStride));
    }

    /** The description of a matrix in a layout that is left to the library. */
    MemorySegment inAnyLayout(Arena arena, int type, long rows, long columns) {
        return made(
                arena,
                "dnnl_memory_desc_create_with_tag",
                "dnnl_memory_desc_destroy",
                2,
                longs(arena, rows, columns),
                type,
                ANY_LAYOUT);
    }

    /** The description of some columns of a matrix, all of its rows. */
    MemorySegment columns(Arena arena, MemorySegment matrix, long rows, long columns, long first) {
        return made(
                arena,
                "dnnl_memory_desc_create_submemory",
                "dnnl_memory_desc_destroy",
                matrix,
                longs(arena, rows, columns),
                longs(arena, 0, first));
    }

    /** The element of a matrix at which what is described of it begins. */
    long offset(MemorySegment description) {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment result = scratch.allocate(JAVA_LONG);
            queryDescription(description, OFFSET, result);
            return result.get(JAVA_LONG, 0);
        }
    }

    /** How many columns lie together in the layout of a matrix; 1 if it has no blocks. */
    int columnBlock(MemorySegment description) {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment count = scratch.allocate(JAVA_INT);
            queryDescription(description, BLOCKS, count);
            int blocks = count.get(JAVA_INT, 0);
            MemorySegment sizes = array(description, BLOCK_SIZES, blocks, scratch);
            MemorySegment dimensions = array(description, BLOCK_DIMENSIONS, blocks, scratch);
            long block = 1;
            for (int i = 0; i < blocks; i++) {
                if (dimensions.getAtIndex(JAVA_LONG, i) == 1) {
                    block *= sizes.getAtIndex(JAVA_LONG, i);
                }
            }
            return Math.toIntExact(block);
        }
    }

    private MemorySegment array(MemorySegment description, int what, int length, Arena scratch) {
        MemorySegment pointer = scratch.allocate(ADDRESS);
        queryDescription(description, what, pointer);
        return pointer.get(ADDRESS, 0).reinterpret(length * JAVA_LONG.byteSize());
    }

    private void queryDescription(MemorySegment description, int what, MemorySegment result) {
        call(
                "dnnl_memory_desc_query",
                FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, ADDRESS),
                description,
                what,
                result);
    }

    /** Bytes of what is described. */
    long bytes(MemorySegment description) {
        return (long) invoke("dnnl_memory_desc_get_size", FunctionDescriptor.of(JAVA_LONG, ADDRESS), description);
    }

    /** Attributes of a product or a reordering: the scratchpad is given at each call; a product may add to its result. */
    MemorySegment attributes(Arena arena, boolean adding) {
        MemorySegment attributes = made(arena, "dnnl_primitive_attr_create", "dnnl_primitive_attr_destroy");
        call(
                "dnnl_primitive_attr_set_scratchpad_mode",
                FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT),
                attributes,
                USER_SCRATCHPAD);
        if (adding) {
            MemorySegment operations = made(arena, "dnnl_post_ops_create", "dnnl_post_ops_destroy");
            call(
                    "dnnl_post_ops_append_sum",
                    FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_FLOAT, JAVA_INT, JAVA_INT),
                    operations,
                    1f,
                    0,
                    SINGLE);
            call(
                    "dnnl_primitive_attr_set_post_ops",
                    FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS),
                    attributes,
                    operations);
        }
        return attributes;
    }

    /** The plan of a product: result = source · weights. */
    MemorySegment product(
            Arena arena,
            MemorySegment engine,
            MemorySegment source,
            MemorySegment weights,
            MemorySegment result,
            MemorySegment attributes) {
        return made(
                arena,
                "dnnl_matmul_primitive_desc_create",
                "dnnl_primitive_desc_destroy",
                engine,
                source,
                weights,
                MemorySegment.NULL,
                result,
                attributes);
    }

    /** The plan of a copy from one layout to another. */
    MemorySegment reordering(
            Arena arena, MemorySegment engine, MemorySegment source, MemorySegment target, MemorySegment attributes) {
        return made(
                arena,
                "dnnl_reorder_primitive_desc_create",
                "dnnl_primitive_desc_destroy",
                source,
                engine,
                target,
                engine,
                attributes);
    }

    /** What a plan is executed by, such as {@code brg_matmul:avx512_core_bf16}. */
    String implementation(MemorySegment plan) {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment pointer = scratch.allocate(ADDRESS);
            call(
                    "dnnl_primitive_desc_query",
                    FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS),
                    plan,
                    IMPLEMENTATION,
                    0,
                    pointer);
            return pointer.get(ADDRESS, 0).reinterpret(Long.MAX_VALUE).getString(0);
        }
    }

    /** The layout that a plan has for its weights; lives as long as the plan. */
    MemorySegment weightsOf(MemorySegment plan) {
        return describedBy(plan, WEIGHTS);
    }

    /** The scratchpad that a plan asks for; lives as long as the plan. */
    MemorySegment scratchpadOf(MemorySegment plan) {
        return describedBy(plan, SCRATCHPAD);
    }

    private MemorySegment describedBy(MemorySegment plan, int what) {
        return (MemorySegment) invoke(
                "dnnl_primitive_desc_query_md",
                FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT, JAVA_INT),
                plan,
                what,
                0);
    }

    /** A copy of a description that lives as long as an arena. */
    MemorySegment copy(Arena arena, MemorySegment description) {
        return made(arena, "dnnl_memory_desc_clone", "dnnl_memory_desc_destroy", description);
    }

    /** What executes a plan. */
    MemorySegment primitive(Arena arena, MemorySegment plan) {
        return made(arena, "dnnl_primitive_create", "dnnl_primitive_destroy", plan);
    }

    /** A matrix, as executions are given it; for {@link #destroyMemory}. */
    MemorySegment createMemory(
            MemorySegment engine, MemorySegment description, MemorySegment data, MemorySegment pointer) {
        try {
            check("dnnl_memory_create", (int) createMemory.invokeExact(pointer, description, engine, data));
            return pointer.get(ADDRESS, 0);
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    void destroyMemory(MemorySegment memory) {
        try {
            check("dnnl_memory_destroy", (int) destroyMemory.invokeExact(memory));
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    void execute(MemorySegment primitive, MemorySegment stream, int count, MemorySegment arguments) {
        try {
            check("dnnl_primitive_execute", (int) execute.invokeExact(primitive, stream, count, arguments));
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    /** Calls a function that makes something of some arguments, and has it destroyed with the arena. */
    private MemorySegment made(Arena arena, String function, String destructor, Object... arguments) {
        MemoryLayout[] layouts = new MemoryLayout[arguments.length + 1];
        Object[] all = new Object[arguments.length + 1];
        MemorySegment pointer = arena.allocate(ADDRESS);
        layouts[0] = ADDRESS;
        all[0] = pointer;
        for (int i = 0; i < arguments.length; i++) {
            all[i + 1] = arguments[i];
            layouts[i + 1] = switch (arguments[i]) {
                case Integer _ -> JAVA_INT;
                case Long _ -> JAVA_LONG;
                default -> ADDRESS;
            };
        }
        call(function, FunctionDescriptor.of(JAVA_INT, layouts), all);
        MethodHandle destroy = bind(destructor, FunctionDescriptor.of(JAVA_INT, ADDRESS));
        return pointer.get(ADDRESS, 0).reinterpret(arena, made -> {
            try {
                int _ = (int) destroy.invokeExact(made);
            } catch (Throwable e) {
                throw failure(e);
            }
        });
    }

    private static MemorySegment longs(Arena arena, long... values) {
        return arena.allocateFrom(JAVA_LONG, values);
    }

    /** Calls a function that says whether it succeeded. */
    private void call(String function, FunctionDescriptor signature, Object... arguments) {
        check(function, (int) invoke(function, signature, arguments));
    }

    private Object invoke(String function, FunctionDescriptor signature, Object... arguments) {
        try {
            return bind(function, signature).invokeWithArguments(arguments);
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    /** A function has one signature, so its handle is made once. */
    private MethodHandle bind(String function, FunctionDescriptor signature) {
        return handles.computeIfAbsent(function, name -> link(name, signature));
    }

    private MethodHandle link(String function, FunctionDescriptor signature) {
        MemorySegment address = library.find(function)
                .orElseThrow(() -> new UnsatisfiedLinkError("the oneDNN that was loaded has no " + function));
        return Linker.nativeLinker().downcallHandle(address, signature);
    }

    private static void check(String function, int status) {
        if (status != SUCCESS) {
            String reason = status > 0 && status < STATUS.size() ? STATUS.get(status) : "status " + status;
            if (status == 1) {
                throw new OutOfMemoryError("oneDNN has no memory for " + function);
            }
            throw new OneDnnException(function + " of oneDNN: " + reason);
        }
    }

    private static RuntimeException failure(Throwable e) {
        return switch (e) {
            case RuntimeException unchecked -> unchecked;
            case Error error -> throw error;
            default -> new IllegalStateException("a call of oneDNN failed", e);
        };
    }
}
