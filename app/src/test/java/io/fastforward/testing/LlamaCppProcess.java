package io.fastforward.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import de.kherud.llama.InferenceParameters;
import de.kherud.llama.LlamaModel;
import de.kherud.llama.LogLevel;
import de.kherud.llama.ModelParameters;
import de.kherud.llama.args.CacheType;
import de.kherud.llama.args.LogFormat;
import de.kherud.llama.args.PoolingType;
import java.nio.file.Path;

/**
 * Asks llama.cpp about a GGUF file, in a process of its own: its binding aborts the JVM when something is wrong with a file, and keeps
 * it alive when all is done.
 */
public final class LlamaCppProcess {

    private LlamaCppProcess() {}

    /**
     * Reads questions and writes answers, both JSON.
     *
     * @param arguments the GGUF file, the file with questions and the file for answers; none to see whether the native
     *     library can be loaded
     */
    public static void main(String[] arguments) throws Exception {
        LlamaModel.setLogger(LogFormat.TEXT, (level, message) -> {
            if (level == LogLevel.ERROR) {
                System.err.print(message);
            }
        });
        if (arguments.length == 0) {
            Runtime.getRuntime().halt(0);
        }
        ObjectMapper json = new ObjectMapper();
        JsonNode questions = json.readTree(Path.of(arguments[1]).toFile());
        ObjectNode answers = json.createObjectNode();
        boolean embeddings = questions.path("embeddings").booleanValue();
        ModelParameters parameters = new ModelParameters()
                .setModel(arguments[0])
                .setThreads(1)
                .setGpuLayers(0)
                .setCtxSize(256)
                .setCacheTypeK(CacheType.F32) // half precision otherwise
                .setCacheTypeV(CacheType.F32)
                .skipWarmup();
        if (embeddings) {
            parameters.enableEmbedding().setPoolingType(PoolingType.LAST);
        }
        LlamaModel model = new LlamaModel(parameters);
        ArrayNode tokens = answers.putArray("tokens");
        ArrayNode texts = answers.putArray("texts");
        ArrayNode vectors = answers.putArray("vectors");
        questions.path("tokenize").forEach(text -> {
            ArrayNode ids = tokens.addArray();
            for (int id : model.encode(text.textValue())) {
                ids.add(id);
            }
        });
        questions.path("embed").forEach(text -> {
            ArrayNode vector = vectors.addArray();
            for (float number : model.embed(text.textValue())) {
                vector.add(number);
            }
        });
        questions
                .path("complete")
                .forEach(text -> texts.add(model.complete(new InferenceParameters(text.textValue())
                        .setNPredict(questions.path("length").intValue())
                        .setTemperature(0)
                        .setIgnoreEos(true)
                        .setCachePrompt(false))));
        json.writeValue(Path.of(arguments[2]).toFile(), answers);
        Runtime.getRuntime().halt(0);
    }
}
