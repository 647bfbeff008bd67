package dev.chaku.cli;

import dev.chaku.Adapter;
import dev.chaku.AdapterBase;
import dev.chaku.AdapterProof;
import dev.chaku.AdapterVerifier;
import dev.chaku.Model;
import dev.chaku.data.ChatRenderer;
import dev.chaku.data.Dataset;
import dev.chaku.registry.AdapterReference;
import dev.chaku.registry.Check;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code chaku adapter verify}: whether an adapter says the same wherever it is used. */
@Command(
        name = "verify",
        description = {
            "Proves that an adapter says the same wherever it is used: compares the logits of sample texts as a training",
            "has them, as the base gives them that wears the adapter, as the exported and imported adapter gives them (GGUF",
            "and PEFT), and as the model gives them that it is merged into. Ends with 3 if a pair does not hold its bound.",
            "The merged model is written to a scratch folder for it and deleted; --no-merge leaves it out."
        },
        footer = {
            "",
            "Examples:",
            "  chaku adapter verify --model base.gguf --adapter runs/1 --data test.jsonl",
            "  chaku adapter verify --model base.gguf --adapter support@candidate --data test.jsonl --json",
            "  chaku adapter verify --model base.gguf --adapter runs/1 --data test.jsonl --positions 64 --no-merge"
        })
final class AdapterVerifyCommand extends Verb {
    @Reads
    @Option(names = "--model", required = true, paramLabel = "FILE", description = "The base, a GGUF file.")
    private Path modelFile;

    @Reads
    @Option(
            names = "--adapter",
            required = true,
            paramLabel = "DIR|FILE|NAME",
            description = "The adapter, of any format that inspect reads, or a version of the registry.")
    private String adapter;

    @Reads
    @Option(
            names = "--data",
            required = true,
            paramLabel = "FILE",
            description = "Sample texts of the kind that it was trained for; as for train. Its first are read.")
    private List<String> data = List.of();

    @Option(
            names = "--positions",
            defaultValue = "" + AdapterVerifier.POSITIONS,
            paramLabel = "N",
            description = "Positions that are compared (${DEFAULT-VALUE}).")
    private int positions;

    @Option(names = "--no-merge", description = "Leave out the merged model.")
    private boolean noMerge;

    @Reads
    @Option(
            names = "--scratch",
            paramLabel = "DIR",
            description = "Where the merged model is written to, and deleted (the system's folder for such files).")
    private Path scratch;

    @Reads
    @Option(names = "--chat-template", paramLabel = "NAME|FILE", description = "In place of the model's own.")
    private String chatTemplate;

    @Option(names = "--with", paramLabel = "NAME", hidden = true, description = "A second engine.")
    private String engineName;

    @Mixin
    private AdapterBases.Force force;

    @Mixin
    private EngineOptions engine;

    @Mixin
    private RegistryOption registry;

    @Override
    void validate() {
        requireAtLeast(1, "--positions", positions);
        refuseBeside("--no-merge", "--scratch");
        if (engineName != null) {
            throw usage("--with: no second engine is part of this version, found '" + engineName
                    + "'; adapter export --format gguf writes the file that llama.cpp's own tools wear");
        }
    }

    @Override
    void execute() {
        try (Model model = Model.open(modelFile, engine.modelOptions());
                Adapter read = Adapter.read(registry.locate(adapter, console()), AdapterBase.of(model))) {
            force.check(console(), read.fit(AdapterBase.of(model)));
            AdapterVerifier verifier = AdapterVerifier.of(model, read)
                    .data(DataArgument.read(data, Dataset.Options.defaults(), 0, console()))
                    .positions(positions)
                    .merging(!noMerge);
            if (scratch != null) {
                verifier.scratch(scratch);
            }
            if (chatTemplate != null) {
                verifier.chat(ChatRenderer.of(model.chat(chatTemplate)));
            }
            AdapterProof proof;
            try (WorkProgress progress = new WorkProgress(console(), "comparing")) {
                proof = verifier.onProgress(progress::at).verify();
            }
            record(proof);
            result(fields(proof), () -> print(proof));
            if (!proof.pass()) {
                endWith(ExitCode.BAD_INPUT.code());
            }
        }
    }

    /** A version of the registry keeps what it was put to, for promotions that demand it. */
    private void record(AdapterProof proof) {
        if (AdapterReference.isPath(adapter)) {
            return;
        }
        Map<String, Double> metrics = new LinkedHashMap<>();
        metrics.put("change_kl", proof.change());
        for (AdapterProof.Pair pair : proof.pairs()) {
            String other = pair.a().equals("base+adapter") ? pair.b() : pair.a();
            metrics.put(other + "_kl", pair.kl());
            metrics.put(other + "_max_difference", pair.maxDifference());
        }
        registry.open().record(adapter, Check.now("verify", proof.pass(), metrics));
    }

    private static Map<String, Object> fields(AdapterProof proof) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("pass", proof.pass());
        fields.put("positions", proof.positions());
        fields.put("change_kl", proof.change());
        fields.put(
                "pairs",
                proof.pairs().stream().map(AdapterVerifyCommand::describe).toList());
        fields.put("notes", proof.notes());
        return fields;
    }

    private static Map<String, Object> describe(AdapterProof.Pair pair) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("a", pair.a());
        fields.put("b", pair.b());
        fields.put("max_difference", pair.maxDifference());
        fields.put("kl", pair.kl());
        fields.put("top1_agreement", pair.top1Agreement());
        fields.put("kept", kept(pair));
        fields.put("bound", pair.bound());
        fields.put("pass", pair.pass());
        return fields;
    }

    private static @Nullable Double kept(AdapterProof.Pair pair) {
        return pair.kept().isPresent() ? pair.kept().getAsDouble() : null;
    }

    private void print(AdapterProof proof) {
        console()
                .print(String.format(
                        Locale.ROOT,
                        "%s; the adapter moves the base by %.4g nats",
                        Words.count(proof.positions(), "position"),
                        proof.change()));
        console()
                .print(String.format(
                        Locale.ROOT, "  %-28s %14s %10s %10s  %s", "", "max difference", "KL", "same top", ""));
        for (AdapterProof.Pair pair : proof.pairs()) {
            Console.Colour colour = pair.pass() ? Console.Colour.GREEN : Console.Colour.RED;
            console()
                    .print(String.format(
                            Locale.ROOT,
                            "  %-28s %14.3g %10.3g %8.1f %%  %s: %s",
                            pair.a() + " / " + pair.b(),
                            pair.maxDifference(),
                            pair.kl(),
                            100 * pair.top1Agreement(),
                            console().colour(colour, pair.pass() ? "pass" : "FAIL"),
                            pair.bound()));
        }
        for (AdapterProof.Pair pair : proof.pairs()) {
            if (pair.kept().isPresent()) {
                console()
                        .print(String.format(
                                Locale.ROOT,
                                "the merged model makes %.1f %% of the adapter's change",
                                100 * pair.kept().getAsDouble()));
            }
        }
        proof.notes().forEach(note -> console().print("note: " + note));
    }
}
