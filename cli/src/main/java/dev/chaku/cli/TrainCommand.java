package dev.chaku.cli;

import dev.chaku.Adapter;
import dev.chaku.AdapterBase;
import dev.chaku.DeviceInfo;
import dev.chaku.Model;
import dev.chaku.ModelOptions;
import dev.chaku.Trainer;
import dev.chaku.TrainingFolder;
import dev.chaku.TrainingRun;
import dev.chaku.data.ColumnMap;
import dev.chaku.data.DataFormat;
import dev.chaku.data.Dataset;
import dev.chaku.data.Example;
import dev.chaku.data.OverLong;
import dev.chaku.io.FileFault;
import dev.chaku.train.LossTrend;
import dev.chaku.train.MergeAware;
import dev.chaku.train.RecordCounts;
import dev.chaku.train.RunStart;
import dev.chaku.train.TensorBoard;
import dev.chaku.train.TrainingPlan;
import dev.chaku.train.TrainingProgress;
import dev.chaku.train.ValidationTrend;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** {@code chaku train}: a LoRA adapter from a base model and a data set. */
@Command(
        name = "train",
        description = {
            "Trains a LoRA adapter on a quantized model.",
            "Data: JSON lines, a JSON array, CSV or TSV, gzipped or not, or Parquet: OpenAI chats (messages), prompt/completion, ShareGPT, Alpaca, text; preference pairs and labelled answers."
        },
        footer = {
            "",
            "Examples:",
            "  chaku train --model base.gguf --data train.jsonl --out runs/1",
            "  chaku train --model base.gguf --data train.jsonl --eval-split 0.05 --out runs/2 --rank 32 --epochs 2",
            "  chaku train --model base.gguf --data train.jsonl --out runs/2 --rank 16,ffn_down=32 --layers 8-",
            "  chaku train --model base.gguf --data train.jsonl --out runs/3 --plan      memory and steps, no training",
            "  chaku train --model base.gguf --data ours.jsonl=2 --data public.parquet=0.3 --out runs/5",
            "  chaku train --model base.gguf --data faq.csv --columns prompt=question,completion=answer --out runs/6",
            "  chaku train --config runs/train.yaml --out runs/4        keys are the options: learning-rate: 1e-4",
            "  chaku train --model base.gguf --data train.jsonl --out runs/7 --merge-aware q4_k_m     to be merged into a file",
            "  chaku train --model base.gguf --data train.jsonl --out runs/7 --method dora --neftune 5",
            "  chaku train --model base.gguf --data train.jsonl --out runs/8 --modules-to-save token_embd,output",
            "  chaku train --model base.gguf --data train.jsonl --out runs/7 --method pissa",
            "  chaku train --model base.gguf --data pairs.jsonl --eval-split 0.1 --loss dpo --beta 0.1 --out runs/8",
            "  chaku train --model base.gguf --data labelled.jsonl --eval-split 0.1 --loss kto --out runs/9",
            "  chaku train --model base.gguf --data train.jsonl --out runs/1 --save-steps 50 --resume",
            "  chaku train --model base.gguf --data train.jsonl --eval-split 0.1 --out runs/grid --sweep rank=8,16 --sweep learning-rate=1e-4,3e-4",
            "  chaku train --model base.gguf --data train.jsonl --out runs/7 --register support --license data=cc-by-4.0",
            "  chaku train --model base.gguf --from support@production --data new.jsonl old.jsonl=0.2 --out runs/8"
        })
final class TrainCommand extends Verb {
    /** What a training of a series does not have of the series' own. */
    private static final Set<String> SERIES_OWN =
            Set.of(SeriesOptions.SWEEP, SeriesOptions.VARIANT, "--out", "--json", "--config", "--help");

    @Reads
    @Option(names = "--model", required = true, paramLabel = "FILE", description = "The base model, a GGUF file.")
    private Path modelFile;

    @Reads
    @Option(
            names = "--data",
            required = true,
            arity = "1..*",
            paramLabel = "FILE[=WEIGHT]",
            description =
                    "Training data: one or several files, a pattern in quotes, or - for standard input. A weight says how often each example stands in the mixture: 2, 0.3.")
    private List<String> data;

    @Reads
    @Option(
            names = "--eval-data",
            arity = "1..*",
            paramLabel = "FILE[=WEIGHT]",
            description = "Validation data, likewise.")
    private List<String> evalData = List.of();

    @Option(
            names = "--eval-split",
            paramLabel = "SHARE",
            description = "Validate on this share of the data, never trained.")
    private Double evalSplit;

    @Writes(Writes.Kind.FOLDER)
    @Option(
            names = "--out",
            required = true,
            paramLabel = "DIR",
            description = "A new folder for adapter, log, checkpoints and picture.")
    private Path out;

    @Reads
    @Option(
            names = "--config",
            paramLabel = "FILE",
            description =
                    "A YAML file of options by their names; the command line goes first. Every run leaves one in its folder, train.yaml, with all that was decided.")
    @SuppressWarnings("unused") // read by ConfigFile before the options are parsed
    private Path config;

    @Option(
            names = "--resume",
            description =
                    "Go on from the newest checkpoint in --out; a missing or empty folder starts the run, a finished run is left as it is.")
    private boolean resume;

    @Reads
    @Option(
            names = "--from",
            paramLabel = "DIR|FILE|NAME",
            description =
                    "Go on from this adapter, or version of the registry, with its rank, scale and targets unless given.")
    private String from;

    @Option(names = "--plan", description = "Show tokens, steps and memory, and train nothing.")
    private boolean plan;

    @Mixin
    private ReportOptions report;

    @Writes(Writes.Kind.FOLDER)
    @Option(
            names = "--tensorboard",
            paramLabel = "DIR",
            description = "Also add the curves to this folder, a file each run, for tensorboard --logdir DIR.")
    private Path tensorBoard;

    @Mixin
    private OverwriteOption overwrite;

    @Option(
            names = "--format",
            paramLabel = "NAME",
            description = "Of the data, if not to be detected: chat, prompt-completion, sharegpt, alpaca or text.")
    private DataFormat format;

    @Option(
            names = "--columns",
            paramLabel = "KEY=COLUMN,...",
            description =
                    "Columns of other names than the format's: prompt=question,completion=answer; {column} fills a text. What is named here wins over what is seen.")
    private ColumnMap columns;

    @Option(names = "--skip-bad-lines", description = "Leave out lines that cannot be read, and count them.")
    private boolean skipBadLines;

    @Option(
            names = "--over-long",
            defaultValue = "truncate",
            paramLabel = "POLICY",
            description = "For examples past --max-length: error, truncate, split or drop (${DEFAULT-VALUE}).")
    private OverLong overLong;

    @Reads
    @Option(names = "--chat-template", paramLabel = "NAME|FILE", description = "In place of the model's own.")
    private String chatTemplate;

    @Option(names = "--train-on-all", description = "Train prompts too, not completions and assistant turns alone.")
    private boolean wholeText;

    @Mixin
    private SpecialOption special;

    @Mixin
    private TrainArguments settings;

    @Mixin
    private EngineOptions engine;

    @Option(
            names = "--offload-activations",
            description =
                    "With --device cuda: what is kept of each layer for the backward pass waits in this machine's memory, for longer rows"
                            + " than the card has room for. The results are the same.")
    private boolean offloadActivations;

    @Mixin
    private RegisterOptions register;

    @Mixin
    private SeriesOptions series;

    /** What trainings of a series read; null outside one. */
    private @Nullable TrainSeries within;

    /** The trainings of a series, by what they differ in; made when the options are checked. */
    private final Map<SeriesOptions.Variant, TrainCommand> trainings = new LinkedHashMap<>();

    @Override
    void validate() {
        DataArgument.requireNoFlags(line(), data);
        DataArgument.requireNoFlags(line(), evalData);
        if (evalSplit != null && !evalData.isEmpty()) {
            throw usage("expected --eval-data or --eval-split, found both");
        }
        if (evalSplit == null && evalData.isEmpty()) {
            for (String option : new String[] {"--eval-steps", "--eval-answers", "--early-stopping"}) {
                if (given(option)) {
                    throw usage(
                            option + " has no effect without validation data: give --eval-data or --eval-split, too");
                }
            }
        }
        refuseBeside("--plan", ReportOptions.NAME, "--tensorboard", "--register");
        register.validate(this);
        requireBeside(ReportOptions.NAME, OverwriteOption.NAME, "--general-data");
        refuseBeside("--no-packing", "--batch-tokens");
        settings.validate(this);
        if (series.isGiven()) {
            for (String one : List.of(SeriesOptions.SWEEP, SeriesOptions.VARIANT)) {
                refuseBeside(one, "--plan", ReportOptions.NAME, "--register", "--tensorboard");
            }
            series.variants(this).forEach(variant -> trainings.put(variant, training(variant)));
        }
        if (register.isGiven() && !settings.isWorn()) {
            throw usage("--register: expected an adapter that can be worn, found --method dora");
        }
        if (settings.losses().isOfPreferences() && wholeText) {
            throw usage("--train-on-all has no effect with a loss of preferences: it compares answers");
        }
        if (settings.losses().isOfPreferences() && overLong == OverLong.SPLIT) {
            throw usage("--over-long: expected error, truncate or drop with a loss of preferences, found split");
        }
    }

    private ModelOptions modelOptions() {
        ModelOptions options = engine.modelOptions();
        if (!offloadActivations) {
            return options;
        }
        if (!options.device().isCuda()) {
            throw usage("--offload-activations has no effect with --device "
                    + options.device().label() + ": give --device cuda");
        }
        return options.withDevice(options.device().offloadingActivations());
    }

    @Override
    void execute() throws IOException {
        if (report.isGiven()) {
            TrainingFolder.requireNotOfRun(out, report.file());
        }
        if (!resume && !plan) {
            TrainingFolder.requireUnused(out);
        }
        register.check();
        Dataset dataset = series.isGiven() ? null : read(data, settings.seed());
        try (Model model = Model.open(modelFile, modelOptions())) {
            if (series.isGiven()) {
                trainSeries(model);
            } else if (plan) {
                showPlan(trainer(model, dataset).plan());
            } else {
                ReportSamples samples = samples(model, dataset);
                tell(train(trainer(model, dataset), dataset, samples), dataset, samples);
            }
        }
    }

    private Trainer trainer(Model model, Dataset dataset) {
        Trainer trainer = begin(model)
                .config(settings.config(model))
                .smallData(settings.alterable())
                .data(dataset)
                .evalSplit(evalSplit != null ? evalSplit : 0)
                .overLong(overLong)
                .trainOnAll(wholeText)
                .parseSpecial(special.parse())
                .output(out)
                .resume(resume);
        if (!evalData.isEmpty()) {
            trainer.evalData(read(evalData, settings.seed()));
        }
        if (chatTemplate != null && dataset.examples().stream().noneMatch(TrainCommand::isConversation)) {
            console().note("note: --chat-template has no effect: the data hold no conversations");
        }
        if (chatTemplate != null) {
            trainer.chat(ChatTemplates.of(model, chatTemplate));
        }
        return trainer;
    }

    /** A training of the series: this command line with what it has of its own, in a folder of its name. */
    private TrainCommand training(SeriesOptions.Variant variant) {
        List<String> words = new ArrayList<>();
        for (OptionSpec option : line().getParseResult().matchedOptions()) {
            String flag = option.longestName();
            if (!SERIES_OWN.contains(flag) && !variant.options().containsKey(flag)) {
                words.addAll(words(option));
            }
        }
        variant.options().forEach((flag, values) -> values.forEach(value -> words.add(flag + "=" + value)));
        words.add("--out=" + out.resolve(variant.name()));
        TrainCommand training = new TrainCommand();
        training.attach(console(), words.toArray(String[]::new));
        CommandLine parser = new CommandLine(training);
        Values.register(parser);
        try {
            parser.parseArgs(words.toArray(String[]::new));
            training.validate();
        } catch (ParameterException e) {
            throw usage(UsageFault.words(e) + " (training '" + variant.name() + "')");
        }
        return training;
    }

    private static List<String> words(OptionSpec option) {
        String flag = option.longestName();
        return option.arity().max() == 0
                ? List.of(flag)
                : option.originalStringValues().stream()
                        .map(value -> flag + "=" + value)
                        .toList();
    }

    private void trainSeries(Model model) throws IOException {
        TrainSeries all =
                new TrainSeries(console(), trainings, settings.losses().isOfPreferences());
        int code = all.run(model);
        result(all.fields(), () -> all.print(out));
        if (code > ExitCode.DONE.code() && code != ExitCode.BAD_INPUT.code()) {
            List<String> again = new ArrayList<>(arguments());
            if (!resume) {
                again.add("--resume");
            }
            console().note("stopped; to go on with the trainings that are left:");
            console().note("  " + Program.command(again.toArray()));
        }
        endWith(code);
    }

    /** Trains as one of a series. */
    Outcome train(Model model, TrainSeries all) {
        within = all;
        Dataset dataset = read(data, settings.seed());
        return train(trainer(model, dataset), dataset, null);
    }

    /** Who asks for the report; the validation's examples where there are some, for those are not trained. */
    private @Nullable ReportSamples samples(Model model, Dataset dataset) {
        if (!report.isGiven()) {
            return null;
        }
        List<Example> examples = dataset.examples();
        if (!evalData.isEmpty()) {
            examples = read(evalData, settings.seed()).examples();
        } else if (evalSplit != null) {
            examples = dataset.split(evalSplit, settings.seed()).eval();
        }
        return new ReportSamples(
                console(), model, examples, chatTemplate == null ? null : ChatTemplates.of(model, chatTemplate));
    }

    private Trainer begin(Model model) {
        Trainer trainer = Trainer.on(model);
        if (from == null) {
            return trainer.lora(settings.lora());
        }
        try (Adapter adapter = Adapter.load(register.locate(from, console()))) {
            AdapterBases.tell(console(), adapter.fit(AdapterBase.of(model)), false);
            return trainer.from(register.named(from), adapter).lora(settings.goingOnFrom(adapter.lora(model)));
        }
    }

    private static boolean isConversation(Example example) {
        return example instanceof Example.Chat
                || example instanceof Example.Preference
                || example instanceof Example.Labelled;
    }

    private Dataset read(List<String> files, long seed) {
        if (within == null) {
            return readNow(files, seed);
        }
        List<String> key = new ArrayList<>(files);
        key.addAll(List.of(String.valueOf(seed), String.valueOf(format), String.valueOf(columns)));
        return within.read(key, unused -> readNow(files, seed));
    }

    private Dataset readNow(List<String> files, long seed) {
        Dataset.Options options = Dataset.Options.defaults()
                .withFormat(format)
                .withSkipBadLines(skipBadLines)
                .withColumns(columns == null ? ColumnMap.NONE : columns);
        Dataset dataset = DataArgument.read(files, options, seed, console());
        if (dataset.skippedLines() > 0) {
            console().note("skipped " + dataset.skippedLines() + " bad lines, the first:");
            dataset.skippedReasons().forEach(reason -> console().note("  " + reason));
        }
        return dataset;
    }

    private static void tellCounts(TrainingPlan plan, Consumer<String> to) {
        RecordCounts counts = plan.records();
        if (counts.cutTokens() > 0) {
            to.accept(String.format(
                    Locale.ROOT,
                    "%,d %s longer than --max-length and cut: %,d tokens are lost, about %.0f %% of all; --over-long split trains"
                            + " them in pieces, a larger --max-length in one",
                    counts.truncated(),
                    counts.truncated() == 1 ? "example was" : "examples were",
                    counts.cutTokens(),
                    100.0 * counts.cutTokens() / (plan.tokensPerEpoch() + counts.cutTokens())));
        }
        tell(counts.split(), "examples were longer than --max-length and split", to);
        tell(counts.dropped(), "examples were left out: nothing to train within --max-length", to);
        tell(
                counts.turnsApart(),
                "conversations became several sequences, because the chat template rewrites earlier turns",
                to);
        tell(
                counts.endsAdded(),
                "conversations got the end-of-text token: what the chat template writes after an answer is no token that ends one",
                to);
        if (counts.unrendered() > 0) {
            to.accept("conversations of which the chat template leaves out text, which is trained nowhere: "
                    + counts.unrendered() + "; the first: " + Excerpt.of(counts.firstUnrendered()));
        }
        if (counts.withoutEnd() > 0) {
            to.accept(
                    "answers without a token after them that ends generation, so that the trained model may not stop there: "
                            + counts.withoutEnd() + " (chaku data check says where)");
        }
    }

    /** Says so where the steps are too few, and what to set. */
    private void tellFewSteps(TrainingPlan counts, Consumer<String> to) {
        if (counts.hasFewSteps()) {
            to.accept(String.format(
                    Locale.ROOT,
                    "note: %,d steps are few and may change little; %s",
                    counts.steps(),
                    settings.isLimited()
                            ? "a higher --max-steps makes more"
                            : String.format(
                                    Locale.ROOT,
                                    "--epochs %d makes it about a hundred%s",
                                    counts.epochsForEnoughSteps(),
                                    counts.rowsPerEpoch() < counts.examples()
                                            ? ", and shorter rows (--batch-tokens, now " + counts.rowTokens()
                                                    + ") make more of each epoch"
                                            : "")));
        }
    }

    /** Says so where the run changed little. */
    private void tellTrend(LossTrend trend, TrainingPlan counts) {
        if (!trend.fell()) {
            console()
                    .note(String.format(
                            Locale.ROOT,
                            "note: the loss did not fall beyond its noise (%.3f at first, %.3f at last): the adapter will change little; "
                                    + "train longer (--epochs, now %d) or with a higher --learning-rate",
                            trend.first(),
                            trend.last(),
                            counts.epochs()));
        }
    }

    private void tellOverFitting(ValidationTrend validation) {
        if (validation.overFits()) {
            console()
                    .note(String.format(
                            Locale.ROOT,
                            "note: the validation loss rose by %.1f %% since step %d (%.4f, now %.4f): the adapter over-fits;"
                                    + " --early-stopping 3 keeps the best, fewer --epochs or more data help, too",
                            100 * validation.rise(),
                            validation.bestStep(),
                            validation.best(),
                            validation.last()));
        }
    }

    private static void tell(int n, String what, Consumer<String> to) {
        if (n > 0) {
            String said = n > 1
                    ? what
                    : what.replace("examples were", "example was").replaceFirst("^conversations ", "conversation ");
            to.accept(n + " " + said);
        }
    }

    private void showPlan(TrainingPlan p) {
        tellCounts(p, console()::note);
        tellFewSteps(p, console()::note);
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("examples", p.examples());
        fields.put("tokens_per_epoch", p.tokensPerEpoch());
        fields.put("trained_tokens_per_epoch", p.trainedTokensPerEpoch());
        fields.put("rows_per_epoch", p.rowsPerEpoch());
        fields.put("epochs", p.epochs());
        fields.put("row_tokens", p.rowTokens());
        fields.put("steps", p.steps());
        fields.put("trained_parameters", p.parameters());
        fields.put("weight_bytes", p.memory().weights());
        fields.put("training_bytes", p.memory().training());
        fields.put("jvm_bytes", p.memory().jvm());
        fields.put("total_bytes", p.memory().total());
        fields.put("available_bytes", p.memory().available());
        fields.put("parameter_bytes", p.memory().parameters());
        fields.put("optimizer_bytes", p.memory().optimizer());
        fields.put("activation_bytes", p.memory().activations());
        fields.put("scratch_bytes", p.memory().scratch() + p.memory().threads());
        fields.put(
                "savings",
                p.memory().savings().stream()
                        .map(saving ->
                                Map.of("setting", saving.setting(), "value", saving.value(), "bytes", saving.bytes()))
                        .toList());
        result(fields, () -> {
            console()
                    .print(String.format(
                            Locale.ROOT,
                            "%s, %s an epoch (%,d of them trained) in %s of up to %,d; %s, %s in all",
                            Words.count(p.examples(), "example"),
                            Words.count(p.tokensPerEpoch(), "token"),
                            p.trainedTokensPerEpoch(),
                            Words.count(p.rowsPerEpoch(), "row"),
                            p.rowTokens(),
                            Words.count(p.epochs(), "epoch"),
                            Words.count(p.steps(), "step")));
            console().print(String.format(Locale.ROOT, "%,d parameters are trained", p.parameters()));
            console().print("memory:");
            MemoryTable.lines(p.memory()).forEach(console()::print);
            MemoryTable.savings(p.memory()).forEach(console()::print);
        });
    }

    /**
     * What became of a training.
     *
     * @param fields of the result
     * @param signal the exit code of what stopped it, 0 if nothing did
     */
    record Outcome(
            Map<String, Object> fields,
            Path adapter,
            TrainingProgress last,
            boolean finished,
            LossTrend trend,
            ValidationTrend validation,
            TrainingPlan counts,
            List<String> notes,
            int signal) {}

    private Outcome train(Trainer trainer, Dataset dataset, @Nullable ReportSamples samples) {
        TrainingProgress last;
        Path adapter;
        boolean finished;
        LossTrend trend;
        ValidationTrend validation;
        int signal;
        List<String> notes = new ArrayList<>();
        TrainingPlan counts;
        Optional<TensorBoard> board = Optional.ofNullable(tensorBoard).map(TensorBoard::in);
        board.ifPresent(trainer::onProgress);
        if (samples != null) {
            samples.watch(trainer);
        }
        try (TrainingDisplay display = new TrainingDisplay(console())) {
            trainer.onProgress(display);
            trainer.onPreparation(display::preparing);
            try (TrainingRun run = trainer.start();
                    StopSignals signals =
                            new StopSignals(run::stop, "stopping after this step, with a checkpoint", display::note)) {
                counts = run.plan();
                display.plan(counts);
                Consumer<String> noted = ((Consumer<String>) notes::add).andThen(display::note);
                tellCounts(counts, noted);
                tellFewSteps(counts, noted);
                tellBeginning(run.beginning(), display::note);
                adapter = run.awaitFile();
                last = run.awaitProgress();
                finished = run.awaitFinished();
                trend = run.awaitTrend();
                validation = run.awaitValidationTrend();
                signal = signals.exitCode();
            }
        }
        ResolvedConfig.write(line().getParseResult(), out);
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("adapter", adapter.toString());
        fields.put("steps", last.step());
        fields.put("tokens", last.tokens());
        fields.put("train_loss", last.smoothedLoss());
        fields.put("eval_loss", number(last.evalLoss()));
        fields.put("eval_accuracy", number(last.evalAccuracy()));
        fields.put("eval_perplexity", number(last.evalPerplexity()));
        if (!last.evalAnswers().isEmpty()) {
            fields.put("eval_answers", last.evalAnswers());
        }
        if (settings.losses().isOfPreferences()) {
            fields.put("eval_margin", number(last.evalMargin()));
        }
        double seconds = Math.max(1e-9, last.elapsed().toNanos() / 1e9);
        fields.put("train_tokens_per_s", last.tokensPerSecond());
        fields.put("seconds", seconds);
        fields.put("skipped_lines", dataset.skippedLines());
        fields.put("skipped_steps", last.skippedSteps());
        fields.put("peak_bytes", DeviceInfo.processPeakBytes());
        fields.put("loss_fell", trend.fell());
        fields.put("finished", finished);
        board.ifPresent(TensorBoard::close);
        return new Outcome(fields, adapter, last, finished, trend, validation, counts, notes, signal);
    }

    private void tell(Outcome ended, Dataset dataset, @Nullable ReportSamples samples) throws IOException {
        Map<String, Object> fields = ended.fields();
        if (ended.finished() && register.isGiven()) {
            fields.put("registered", register.add(out, data, console()).reference());
        }
        result(fields, () -> print(fields, ended.last(), ended.counts()));
        if (samples != null) {
            samples.end(
                    ended.adapter(),
                    ended.last().step(),
                    dataset,
                    report.generalData().isEmpty() ? null : read(report.generalData(), 0));
            writeReport(new ReportPage.Content(
                    fields,
                    out,
                    data,
                    ended.counts(),
                    ended.trend(),
                    ended.validation(),
                    ended.notes(),
                    samples.checks(),
                    samples.samples()));
        }
        tellTrend(ended.trend(), ended.counts());
        tellOverFitting(ended.validation());
        if (!ended.finished()) {
            tellHowToGoOn(ended.last());
            endWith(ended.signal());
        }
    }

    private static Double number(OptionalDouble value) {
        return value.isPresent() ? value.getAsDouble() : null;
    }

    private void tellBeginning(RunStart beginning, Consumer<String> to) {
        switch (beginning.kind()) {
            case NEW -> {
                if (resume) {
                    to.accept(out + ": nothing to resume, the run starts");
                }
            }
            case ANEW -> to.accept(out + ": the run that was broken off had saved no checkpoint, it starts anew");
            case RESUMED -> to.accept(out + ": going on after step " + beginning.step());
            case FINISHED ->
                to.accept(out + ": this run is finished, nothing was trained; to train further, name another folder");
        }
    }

    private void tellHowToGoOn(TrainingProgress last) {
        List<String> again = new ArrayList<>(arguments());
        if (!resume) {
            again.add("--resume");
        }
        if (report.isGiven() && !given(OverwriteOption.NAME)) {
            again.add(OverwriteOption.NAME); // Of the report, which is there now.
        }
        console()
                .note(String.format(
                        Locale.ROOT,
                        "stopped after step %d of %d; the checkpoint is in %s, and %s is what was learned so far. To go on:",
                        last.step(),
                        last.totalSteps(),
                        out,
                        out.resolve(Adapter.FILE_NAME)));
        console().note("  " + Program.command(again.toArray()));
        if (register.isGiven()) {
            console().note("it is registered when the run is finished");
        }
    }

    private void writeReport(ReportPage.Content content) {
        try {
            output(report.file()).write(ReportPage.html(content));
        } catch (IOException e) {
            throw FileFault.notRead(out, e);
        }
    }

    private void print(Map<String, Object> fields, TrainingProgress last, TrainingPlan counts) {
        console()
                .print(String.format(
                        Locale.ROOT,
                        "%s in %s: loss %.4f%s",
                        Words.count(last.step(), "step"),
                        ProgressLine.duration(last.elapsed()),
                        last.smoothedLoss(),
                        last.evalLoss().isPresent()
                                ? String.format(
                                        Locale.ROOT,
                                        ", validation loss %.4f%s",
                                        last.evalLoss().getAsDouble(),
                                        TrainingDisplay.margin(last.evalMargin()))
                                : ""));
        console().print("The adapter:            " + fields.get("adapter"));
        console().print("A picture of the loss:  " + out.resolve("loss.svg"));
        if (fields.containsKey("registered")) {
            console().print("Its version:            " + fields.get("registered"));
        }
        settings.mergeAware().ifPresent(this::printMerge);
        if (!settings.isWorn()) {
            console().print("Merge it, for it is more than can be worn:");
            console()
                    .print("  "
                            + Program.command(
                                    "adapter",
                                    "export",
                                    fields.get("adapter"),
                                    "--merged",
                                    "--model",
                                    modelFile,
                                    "--out",
                                    out.resolve("merged.gguf")));
            return;
        }
        console().print("Try it:");
        List<Object> command = new ArrayList<>(List.of("generate", "--model", modelFile, "--adapter", out));
        if (2L * counts.records().conversations() > counts.examples()) {
            command.add("--chat");
            if (chatTemplate != null) {
                command.addAll(List.of("--chat-template", chatTemplate));
            }
        }
        command.addAll(List.of("--prompt", "What is a llama?"));
        console().print("  " + Program.command(command.toArray()));
    }

    private void printMerge(MergeAware aware) {
        console().print("Merge it, which is what the validation has seen:");
        List<Object> command = new ArrayList<>(List.of("adapter", "merge", out, "--into", modelFile));
        command.addAll(List.of("--out", out.resolve("merged.gguf")));
        if (!aware.format().equals(MergeAware.BASE)) {
            command.addAll(List.of("--type", aware.format()));
        }
        console().print("  " + Program.command(command.toArray()));
    }
}
