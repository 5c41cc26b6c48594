package io.fastforward.tokenizer;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;

/**
 * The process of its own in which a tokenizer runs: see {@link TokenizerProcess}. It reads requests from standard input
 * and answers on standard output, one after the other, until there are no more or the process that started it ends.
 */
final class TokenizerServer {

    // Requests.
    /** A text follows: the contents of {@code tokenizer.json}. The answer is empty. */
    static final int OPEN = 0;
    /** A flag, whether to add special tokens, and a text follow. The answer: the number of tokens, and their ids. */
    static final int ENCODE = 1;
    /** A flag, whether to skip special tokens, the number of tokens, and their ids follow. The answer: a text. */
    static final int DECODE = 2;

    // What an answer begins with.
    /** The answer follows. */
    static final int DONE = 0;
    /** A text follows: why the library refused. */
    static final int REFUSED = 1;
    /** The heap is too small; nothing follows, and the process ends. */
    static final int OUT_OF_MEMORY = 2;

    private static final TokenizersLibrary NATIVE = TokenizersLibrary.LIB;
    private static final int BUFFER = 1 << 16;

    private final DataInputStream requests;
    private final DataOutputStream replies;
    private long tokenizer;

    private TokenizerServer(DataInputStream requests, DataOutputStream replies) {
        this.requests = requests;
        this.replies = replies;
    }

    /**
     * Loads the library, says so, and serves.
     *
     * @param libraries the native libraries, in the order in which they must be loaded
     */
    public static void main(String[] libraries) {
        try {
            endWithTheParent();
            run(libraries);
        } catch (EOFException _) {
            Runtime.getRuntime().halt(0); // no more requests
        } catch (Throwable e) {
            // The parent reads it and tells people.
            new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8).println(e);
        } finally {
            Runtime.getRuntime().halt(1); // an ordinary end waits for that of the parent
        }
    }

    private static void run(String[] libraries) throws IOException {
        // Not System.out, which is for people.
        var replies = new DataOutputStream(new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), BUFFER));
        try {
            for (String library : libraries) {
                System.load(library);
            }
            replies.writeByte(DONE);
        } catch (LinkageError e) {
            replies.writeByte(REFUSED);
            writeText(replies, String.valueOf(e.getMessage()));
        }
        replies.flush();
        var requests = new DataInputStream(new BufferedInputStream(new FileInputStream(FileDescriptor.in), BUFFER));
        new TokenizerServer(requests, replies).serve();
    }

    static void writeText(DataOutputStream to, String text) throws IOException {
        writeText(to, text.getBytes(StandardCharsets.UTF_8));
    }

    static void writeText(DataOutputStream to, byte[] utf8) throws IOException {
        to.writeInt(utf8.length);
        to.write(utf8);
    }

    static String readText(DataInputStream from) throws IOException {
        int length = from.readInt();
        byte[] utf8 = from.readNBytes(length);
        if (utf8.length < length) {
            throw new EOFException();
        }
        return new String(utf8, StandardCharsets.UTF_8);
    }

    static void writeIds(DataOutputStream to, int[] ids) throws IOException {
        to.writeInt(ids.length);
        for (int id : ids) {
            to.writeInt(id);
        }
    }

    static int[] readIds(DataInputStream from) throws IOException {
        int[] ids = new int[from.readInt()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = from.readInt();
        }
        return ids;
    }

    /**
     * Ctrl-C reaches this process, too, but what the parent does then is its own affair: this process ends after it.
     * Also when it is killed, whatever the library is doing here.
     */
    private static void endWithTheParent() {
        var never = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                never.await();
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        }));
        ProcessHandle.current()
                .parent()
                .ifPresent(parent -> Thread.ofPlatform().daemon().start(() -> {
                    parent.onExit().join();
                    Runtime.getRuntime().halt(0);
                }));
    }

    private void serve() throws IOException {
        while (true) {
            try {
                int request = requests.readUnsignedByte();
                switch (request) {
                    case OPEN -> open();
                    case ENCODE -> encode();
                    case DECODE -> decode();
                    default -> throw new IOException("there is no request " + request);
                }
            } catch (OutOfMemoryError _) {
                replies.writeByte(OUT_OF_MEMORY);
                replies.flush();
                Runtime.getRuntime().halt(1); // the rest of the request may still be in the stream
            } catch (RuntimeException e) { // from the library
                replies.writeByte(REFUSED);
                writeText(replies, String.valueOf(e.getMessage()));
            }
            replies.flush();
        }
    }

    private void open() throws IOException {
        String json = readText(requests);
        if (tokenizer != 0) {
            NATIVE.deleteTokenizer(tokenizer);
            tokenizer = 0;
        }
        tokenizer = NATIVE.createTokenizerFromString(json);
        NATIVE.disableTruncation(tokenizer);
        NATIVE.disablePadding(tokenizer);
        replies.writeByte(DONE);
    }

    private void encode() throws IOException {
        boolean addSpecialTokens = requests.readBoolean();
        // The library's own front end would also copy tokens, offsets and masks to the heap: 12 times the memory.
        long encoding = NATIVE.encode(tokenizer, readText(requests), addSpecialTokens);
        long[] ids = NATIVE.getTokenIds(encoding);
        NATIVE.deleteEncoding(encoding);
        replies.writeByte(DONE);
        replies.writeInt(ids.length);
        for (long id : ids) {
            replies.writeInt((int) id);
        }
    }

    private void decode() throws IOException {
        boolean skipSpecialTokens = requests.readBoolean();
        long[] ids = Arrays.stream(readIds(requests)).asLongStream().toArray();
        byte[] utf8 = NATIVE.decode(tokenizer, ids, skipSpecialTokens).getBytes(StandardCharsets.UTF_8);
        replies.writeByte(DONE);
        writeText(replies, utf8);
    }
}
