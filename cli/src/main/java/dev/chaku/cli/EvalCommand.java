package dev.chaku.cli;

import dev.chaku.AdapterBase;
import dev.chaku.Evaluator;
import dev.chaku.Model;
import dev.chaku.ModelOptions;
import dev.chaku.data.ChatRenderer;
import dev.chaku.data.Dataset;
import dev.chaku.errors.BadInputException;
import dev.chaku.eval.Evaluation;
import dev.chaku.eval.Metric;
import dev.chaku.eval.Metrics;
import dev.chaku.eval.VariantResult;
import dev.chaku.io.FileFault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code chaku eval}: how well a model answers, and whether a prompt or an adapter helps. */
@Command(
        name = "eval",
        description = {
            "Measures how well a model answers held-out examples: bare, with examples in the prompt, with adapters. Says",
            "with intervals and a paired test whether differences are more than chance, and which variant to take.",
            "Without --compare the adapter is measured, or the base where none is given."
        },
        footer = {
            "",
            "Metrics: exact_match, label_accuracy, f1, rouge_l, chrf, json_valid, json_fields, or a class of your own that",
            "implements dev.chaku.eval.Metric and stands on CHAKU_CLASS_PATH; the first decides. loss is always among them,",
            "choice_accuracy where examples name choices.",
            "",
            "Examples:",
            "  chaku eval --model base.gguf --adapter runs/1 --data test.jsonl",
            "  chaku eval --model base.gguf --adapter runs/1 --data test.jsonl --compare bare,few-shot:8,adapter",
            "  chaku eval --model base.gguf --data test.jsonl --compare bare,support@3,support@4 --json",
            "  chaku eval --model base.gguf --adapter runs/1 --data test.jsonl --train-data train.jsonl --general-data news.txt",
            "  chaku eval --model base.gguf --adapter runs/1 --data test.jsonl --json-schema answer.schema.json",
            "  chaku eval --model base.gguf --data questions.jsonl --no-generate",
            "  chaku eval --model base.gguf --adapter support@candidate --data test.jsonl --gate support"
        })
final class EvalCommand extends Verb {
    private static final String FEW_SHOT = "few-shot:";

    @Reads
    @Option(names = "--model", required = true, paramLabel = "FILE", description = "The base model, a GGUF file.")
    private Path modelFile;

    @Reads
    @Option(
            names = "--adapter",
            paramLabel = "DIR|FILE|NAME[=SCALE]",
            description = "The adapter that --compare and --gate call adapter.")
    private String adapter;

    @Reads
    @Option(
            names = "--data",
            required = true,
            paramLabel = "FILE",
            description = "Examples with answers that were not trained on; as for train.")
    private List<String> data = List.of();

    @Option(
            names = "--compare",
            split = ",",
            paramLabel = "VARIANT",
            description =
                    "What to put beside each other: bare, few-shot:N, adapter, or further adapters by path or name; separated by commas.")
    private List<String> compare = List.of();

    @Option(
            names = "--metrics",
            split = ",",
            paramLabel = "NAME",
            description = "What answers are measured by (those that suit the data).")
    private List<String> metrics = List.of();

    @Reads
    @Option(
            names = "--json-schema",
            paramLabel = "FILE",
            description =
                    "Whether answers are valid by this JSON Schema, and each of its fields: the metric json_schema, the first of --metrics.")
    private Path jsonSchema;

    @Reads
    @Option(
            names = "--shots",
            paramLabel = "FILE",
            description = "Where few-shot:N takes its examples from (the other examples of --data).")
    private List<String> shots = List.of();

    @Option(names = "--limit", paramLabel = "N", description = "Ask the first N examples (all).")
    private Integer limit;

    @Option(
            names = "--max-tokens",
            defaultValue = "0",
            paramLabel = "N",
            description = "Most tokens of an answer (half as many again as the longest reference, and 16).")
    private int maxTokens;

    @Option(names = "--no-generate", description = "Measure loss and choices alone.")
    private boolean noGenerate;

    @Option(names = "--choose", description = "Look for the likeliest of all answers of the data too, as among labels.")
    private boolean choose;

    @Reads
    @Option(
            names = "--train-data",
            paramLabel = "FILE",
            description = "What the adapter was trained on: passages that answers have from there are looked for.")
    private List<String> trainData = List.of();

    @Reads
    @Option(
            names = "--general-data",
            paramLabel = "FILE",
            description = "Texts that have nothing to do with the task: whether the adapter made the base forget.")
    private List<String> generalData = List.of();

    @Writes(Writes.Kind.ADDED_TO)
    @Option(
            names = "--answers",
            paramLabel = "FILE",
            description =
                    "Keep each answer there as a line of JSON, and take those that are there: an evaluation goes on.")
    private Path answers;

    @Option(
            names = "--gate",
            paramLabel = "NAME",
            description = "End with 3 if the adapter does worse than NAME's version in production.")
    private String gate;

    @Option(
            names = "--gate-margin",
            defaultValue = "0",
            paramLabel = "X",
            description = "How much worse it may be by the first metric (${DEFAULT-VALUE}).")
    private double gateMargin;

    @Option(names = "--seed", defaultValue = "0", paramLabel = "N", description = "Draws examples and resamples (0).")
    private long seed;

    @Reads
    @Option(names = "--chat-template", paramLabel = "NAME|FILE", description = "In place of the model's own.")
    private String chatTemplate;

    @Mixin
    private RegistryOption registry;

    @Mixin
    private EngineOptions engine;

    @Mixin
    private PrecisionOptions precision;

    @Override
    void validate() {
        requireBeside("--gate", "--gate-margin");
        requireBeside("--compare", "--shots");
        refuseBeside("--no-generate", "--max-tokens", "--metrics", "--json-schema", "--train-data");
        requireAtLeast(0, "--max-tokens", maxTokens);
        requireAtLeast(1, "--limit", limit == null ? 1 : limit);
        if (gate != null && adapter == null) {
            throw usage("--gate compares an adapter with the one in production: give --adapter");
        }
        if (compare.contains("adapter") && adapter == null) {
            throw usage("--compare adapter: expected --adapter, found none");
        }
        if (adapter != null && !compare.isEmpty() && !compare.contains("adapter") && gate == null) {
            throw usage("--adapter has no effect: --compare does not name adapter");
        }
        if (given("--shots") && compare.stream().noneMatch(name -> name.startsWith(FEW_SHOT))) {
            throw usage("--shots has no effect: --compare names no few-shot:N");
        }
        if (!(gateMargin >= 0)) {
            throw usage("--gate-margin: expected at least 0, found " + gateMargin);
        }
        compare.stream().filter(name -> name.startsWith(FEW_SHOT)).forEach(this::shotsOf);
        compare.stream().filter(name -> name.startsWith("rag:")).findFirst().ifPresent(name -> {
            throw usage("--compare " + name + ": retrieval is no part of this version");
        });
    }

    private int shotsOf(String variant) {
        try {
            int count = Integer.parseInt(variant.substring(FEW_SHOT.length()));
            if (count >= 1) {
                return count;
            }
        } catch (NumberFormatException e) {
            // Told below.
        }
        throw usage("--compare " + variant + ": expected a number of at least 1 after few-shot:");
    }

    @Override
    void execute() {
        ModelOptions options = precision.apply(engine.modelOptions());
        List<Metric> measures = measures();
        String production = production();
        try (Model model = Model.open(modelFile, options);
                Adapters worn = new Adapters()) {
            Evaluator evaluator = Evaluator.of(model, read(data)).seed(seed).maxTokens(maxTokens);
            evaluator.generating(!noGenerate).choosing(choose);
            addVariants(evaluator, model, worn, production);
            if (!measures.isEmpty()) {
                evaluator.metrics(measures);
            }
            set(evaluator, model);
            Evaluation found;
            try (WorkProgress progress = new WorkProgress(console(), "answering")) {
                found = evaluator.onProgress(progress::at).evaluate();
            }
            Optional<String> fault = gate == null || production == null
                    ? Optional.empty()
                    : EvalReport.gateFault(found, production, gateMargin);
            EvalReport report = new EvalReport(found, gate, fault.orElse(null));
            result(report.fields(), () -> report.print(console()));
            if (adapter != null && found.variant("adapter").isPresent()) {
                record(found.variant("adapter").get(), fault.isEmpty());
            }
            if (fault.isPresent()) {
                console().error(fault.get());
                endWith(ExitCode.BAD_INPUT.code());
            }
        }
    }

    private void set(Evaluator evaluator, Model model) {
        if (limit != null) {
            evaluator.limit(limit);
        }
        if (chatTemplate != null) {
            evaluator.chat(ChatRenderer.of(model.chat(chatTemplate)));
        }
        if (!shots.isEmpty()) {
            evaluator.shotsFrom(read(shots));
        }
        if (!trainData.isEmpty()) {
            evaluator.trainedOn(read(trainData));
        }
        if (!generalData.isEmpty()) {
            evaluator.generalText(read(generalData));
        }
        if (answers != null) {
            evaluator.answers(answers);
        }
    }

    private Dataset read(List<String> files) {
        return DataArgument.read(files, Dataset.Options.defaults(), 0, console());
    }

    private List<Metric> measures() {
        List<Metric> measures = new ArrayList<>();
        if (jsonSchema != null) {
            measures.add(Metrics.jsonSchema(schema()));
        }
        metrics.forEach(name -> measures.add(metric(name)));
        if (jsonSchema != null && metrics.isEmpty()) {
            measures.add(Metrics.jsonValid());
            measures.add(Metrics.exactMatch());
        }
        return measures;
    }

    private String schema() {
        try {
            return Files.readString(jsonSchema);
        } catch (IOException e) {
            throw FileFault.notRead(jsonSchema, e);
        }
    }

    /** A metric of the library, or of a class on the class path. */
    private Metric metric(String name) {
        if (name.indexOf('.') < 0) {
            return Metrics.named(name);
        }
        try {
            Class<?> type = Class.forName(name);
            if (!Metric.class.isAssignableFrom(type)) {
                throw BadInputException.ofSetting("metrics", "a class that implements dev.chaku.eval.Metric", name);
            }
            return (Metric) type.getConstructor().newInstance();
        } catch (ClassNotFoundException e) {
            throw usage("--metrics " + name
                    + ": expected a class on the class path (CHAKU_CLASS_PATH adds to it), found none");
        } catch (ReflectiveOperationException e) {
            throw usage("--metrics " + name + ": expected a class with a public constructor without arguments: " + e);
        }
    }

    /** The version that the gate compares with; null for none in production, or no gate. */
    private @Nullable String production() {
        if (gate == null) {
            return null;
        }
        String reference = gate + "@production";
        if (registry.open().numbers(gate).isEmpty()) {
            throw new BadInputException("--gate " + gate + ": expected an adapter of the registry, found none");
        }
        try {
            registry.open().version(reference);
            return reference;
        } catch (BadInputException e) {
            console().note("note: no version of " + gate + " is in production: the gate lets any pass");
            return null;
        }
    }

    private void addVariants(Evaluator evaluator, Model model, Adapters worn, @Nullable String production) {
        List<String> names = new ArrayList<>(compare);
        if (names.isEmpty()) {
            names.add(adapter == null ? "bare" : "adapter");
        }
        if (gate != null && !names.contains("adapter")) {
            names.add("adapter");
        }
        if (production != null && !names.contains(production)) {
            names.add(production);
        }
        AdapterBase base = AdapterBase.of(model);
        for (String name : names) {
            if (name.equals("bare")) {
                evaluator.bare();
            } else if (name.startsWith(FEW_SHOT)) {
                evaluator.fewShot(shotsOf(name));
            } else {
                String text = name.equals("adapter") ? adapter : name;
                AdapterArgument argument = worn.add(AdapterArgument.parse(text, registry, console()));
                AdapterBases.tell(console(), argument.adapter().fit(base), false);
                evaluator.adapter(name, argument.adapter(), argument.scale());
            }
        }
    }

    /** A version of the registry keeps what it was put to, for promotions that demand it. */
    private void record(VariantResult result, boolean passed) {
        Map<String, Double> measured = new LinkedHashMap<>();
        result.metrics().forEach((name, estimate) -> measured.put("eval_" + name, estimate.mean()));
        registry.record(adapter, "eval", passed, measured, console());
    }

    /** The adapters that are open. */
    private static final class Adapters implements AutoCloseable {
        private final List<AdapterArgument> open = new ArrayList<>();

        AdapterArgument add(AdapterArgument argument) {
            open.add(argument);
            return argument;
        }

        @Override
        public void close() {
            open.forEach(argument -> argument.adapter().close());
        }
    }
}
