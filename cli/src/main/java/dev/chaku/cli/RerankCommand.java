package dev.chaku.cli;

import dev.chaku.Model;
import dev.chaku.ModelOptions;
import dev.chaku.Ranked;
import dev.chaku.Reranker;
import dev.chaku.data.Printable;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code chaku rerank}: which documents answer a query. */
@Command(
        name = "rerank",
        description = "Sorts documents by how likely they answer a query, reading both together.",
        footer = {
            "",
            "Examples:",
            "  chaku rerank --model ms-marco-minilm.gguf --query \"Where does the cow live?\" --file documents.jsonl",
            "  chaku rerank --model qwen3-reranker.gguf --query \"...\" --file documents.jsonl --instruction \"...\" --json",
            "",
            "A line of the file is a JSON string, or an object with the text under \"text\"."
        })
final class RerankCommand extends Verb {
    private static final int COLUMNS = 90;

    @Reads
    @Option(
            names = "--model",
            required = true,
            paramLabel = "FILE",
            description = "A GGUF file with a head that ranks, or Qwen3-Reranker.")
    private Path model;

    @Option(names = "--query", required = true, paramLabel = "TEXT", description = "What is asked.")
    private String query;

    @Reads
    @Option(names = "--file", required = true, paramLabel = "F.jsonl", description = "The documents, one a line.")
    private Path file;

    @Option(
            names = "--instruction",
            paramLabel = "TEXT",
            description = "What the task is, for models that answer yes or no. Default: a search on the web.")
    private String instruction;

    @Option(
            names = "--truncate",
            description = "Cut documents that are too long beside the query, which are refused else.")
    private boolean truncate;

    @Mixin
    private EngineOptions engine;

    @Override
    void execute() {
        ModelOptions options = engine.modelOptions();
        List<String> documents = TextLines.read(file);
        try (Model opened = Model.open(model, options);
                Reranker reranker = opened.reranker()) {
            if (instruction != null) {
                reranker.instruction(instruction);
            }
            List<Ranked> ranked = reranker.truncates(truncate).rank(query, documents);
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put(
                    "results",
                    ranked.stream()
                            .map(each -> Map.of("index", each.index(), "score", each.score()))
                            .toList());
            result(
                    fields,
                    () -> ranked.forEach(each -> console()
                            .print(String.format(
                                    Locale.ROOT,
                                    "%.4f  %4d  %s",
                                    each.score(),
                                    each.index() + 1,
                                    ColumnText.cut(Printable.line(documents.get(each.index())), COLUMNS)))));
        }
    }
}
