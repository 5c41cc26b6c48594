package io.fastforward.testing;

import de.kherud.llama.InferenceParameters;
import de.kherud.llama.LlamaModel;
import de.kherud.llama.LogLevel;
import de.kherud.llama.ModelParameters;
import de.kherud.llama.args.LogFormat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Measures how fast llama.cpp runs GGUF files, which take turns: scripts/bench/llama_cpp.sh. Its binding keeps the JVM alive, so this
 * ends it.
 */
public final class LlamaCppSpeed {

    private static final int PROMPT = 128;
    private static final int TOKENS = 48;

    private LlamaCppSpeed() {}

    /** @param arguments rounds, threads, and the files, the dense model's first */
    public static void main(String[] arguments) {
        LlamaModel.setLogger(LogFormat.TEXT, (level, message) -> {
            if (level == LogLevel.ERROR) {
                System.err.print(message);
            }
        });
        int rounds = Integer.parseInt(arguments[0]);
        List<String> files = List.of(arguments).subList(2, arguments.length);
        List<LlamaModel> models = new ArrayList<>();
        for (String file : files) {
            models.add(new LlamaModel(new ModelParameters()
                    .setModel(file)
                    .setThreads(Integer.parseInt(arguments[1]))
                    .setThreadsBatch(Integer.parseInt(arguments[1]))
                    .setGpuLayers(0)
                    .setCtxSize(512)));
        }
        double[][] prompts = new double[models.size()][rounds];
        double[][] tokens = new double[models.size()][rounds];
        for (int round = -1; round < rounds; round++) { // the first one warms up
            for (int model = 0; model < models.size(); model++) {
                double first = seconds(models.get(model), 1);
                double all = seconds(models.get(model), TOKENS);
                if (round >= 0) {
                    prompts[model][round] = PROMPT / first;
                    tokens[model][round] = (TOKENS - 1) / (all - first);
                }
            }
        }
        System.out.printf("%-40s %16s %6s %14s %6s%n", "file", "prompt tokens/s", "×", "new tokens/s", "×");
        for (int model = 0; model < models.size(); model++) {
            System.out.printf(
                    Locale.ROOT,
                    "%-40s %16.1f %6.2f %14.2f %6.2f%n",
                    files.get(model),
                    median(prompts[model]),
                    median(prompts[model]) / median(prompts[0]),
                    median(tokens[model]),
                    median(tokens[model]) / median(tokens[0]));
        }
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    private static double seconds(LlamaModel model, int tokens) {
        String prompt =
                "a".repeat(PROMPT - 1); // a token a byte, and one to begin with, with the random model's tokenizer
        long start = System.nanoTime();
        model.complete(new InferenceParameters(prompt)
                .setNPredict(tokens)
                .setTemperature(0)
                .setIgnoreEos(true)
                .setCachePrompt(false));
        return (System.nanoTime() - start) / 1e9;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }
}
