package dev.chaku;

import dev.chaku.data.ChatRenderer;
import dev.chaku.data.Dataset;
import dev.chaku.data.EncodedExample;
import dev.chaku.data.Example;
import dev.chaku.data.ExampleEncoder;
import dev.chaku.data.OverLong;
import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.engine.EngineTrainer;
import dev.chaku.internal.eval.QuestionReader;
import dev.chaku.internal.eval.Tally;
import dev.chaku.internal.train.ChatProbe;
import dev.chaku.internal.train.EarlierRun;
import dev.chaku.internal.train.OutputFolder;
import dev.chaku.internal.train.RunDescription;
import dev.chaku.internal.train.RunMemory;
import dev.chaku.internal.train.SampledAnswers;
import dev.chaku.internal.train.Snapshots;
import dev.chaku.internal.train.StartingAdapter;
import dev.chaku.internal.train.TrainingData;
import dev.chaku.internal.train.TrainingLoop;
import dev.chaku.internal.train.TrainingSetup;
import dev.chaku.train.FullTraining;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.LoraVariant;
import dev.chaku.train.Loss;
import dev.chaku.train.Method;
import dev.chaku.train.Preparation;
import dev.chaku.train.RunStart;
import dev.chaku.train.SmallData;
import dev.chaku.train.TrainingConfig;
import dev.chaku.train.TrainingPlan;
import dev.chaku.train.TrainingProgress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A training to be started: a model, data, settings and a folder for the output. Not thread-safe; the run that it
 * starts is independent of it.
 */
public final class Trainer {
    private final Model model;
    private Method method = LoraConfig.rank(16);
    private TrainingConfig config = TrainingConfig.defaults();
    private Set<SmallData> smallData = Set.of();
    private List<EncodedExample> examples = List.of();
    private List<EncodedExample> evalExamples = List.of();
    private @Nullable Dataset data;
    private @Nullable Dataset evalData;
    private double evalSplit;
    private @Nullable ChatRenderer chat;
    private OverLong overLong = OverLong.TRUNCATE;
    private boolean wholeText;
    private boolean parseSpecial = true;
    private long dataMemoryBytes = Runtime.getRuntime().maxMemory() / 8;
    private final List<Consumer<TrainingProgress>> listeners = new ArrayList<>();
    private final List<Consumer<Preparation>> preparations = new ArrayList<>();
    private Snapshots snapshots = Snapshots.NONE;
    /** What validations ask; set when the settings are known. */
    private List<Example> questions = List.of();

    private @Nullable Path output;
    private boolean resume;
    private @Nullable StartingAdapter start;

    private Trainer(Model model) {
        this.model = model;
    }

    /**
     * {@return a training over this model, which must stay open until the run has ended}
     *
     * @param model the model, which stays open meanwhile
     */
    public static Trainer on(Model model) {
        return new Trainer(model);
    }

    /**
     * Goes on from an adapter rather than from one that adds nothing: its matrices are the first of the new one's,
     * whose rank may be higher. Its optimizer's state is not known any more: the learning rate rises anew. For a run
     * that was broken off see {@link #resume}.
     *
     * @param adapter of a base of this shape; {@link Adapter#lora} are the settings to go on with. It may be closed
     *     once the run has started
     * @return this
     */
    public Trainer from(Adapter adapter) {
        Path file = Path.of(adapter.weights().source()).getFileName();
        return from(file == null ? adapter.weights().source() : file.toString(), adapter);
    }

    /**
     * Goes on from an adapter that has a name of its own, see {@link #from(Adapter)}.
     *
     * @param name what the description of the run calls it, such as {@code support@3}
     * @param adapter of a base of this shape
     * @return this
     */
    public Trainer from(String name, Adapter adapter) {
        start = new StartingAdapter(Objects.requireNonNull(name, "name"), adapter.weights());
        return this;
    }

    /**
     * Trains a LoRA adapter over the frozen model; rank 16 on the seven products of each layer unless set.
     *
     * @param newLora rank, scale and the products that are adapted
     * @return this
     */
    public Trainer lora(LoraConfig newLora) {
        method = newLora;
        return this;
    }

    /**
     * Trains every weight, as float32 copies, and writes a whole model: for small models.
     *
     * @param format of the matrices in the file that is written
     * @return this
     */
    public Trainer full(GgmlType format) {
        method = new FullTraining(format);
        return this;
    }

    /**
     * Sets how to train; {@link TrainingConfig#defaults} unless set.
     *
     * @param newConfig the settings
     * @return this
     */
    public Trainer config(TrainingConfig newConfig) {
        config = newConfig;
        return this;
    }

    /**
     * Lets settings be altered where the data are so few that they would make too few steps; none unless set. The plan
     * has what came of it.
     *
     * @param alterable which settings may be chosen for small data; empty for none
     * @return this
     */
    public Trainer smallData(Set<SmallData> alterable) {
        smallData = Set.copyOf(alterable);
        return this;
    }

    /**
     * What is trained on, as text: the model's tokenizer encodes it. Takes the place of {@link #examples}.
     *
     * @param newData examples that belong together in what they train
     * @return this
     */
    public Trainer data(Dataset newData) {
        data = newData;
        return this;
    }

    /**
     * What is validated on, never trained, as text.
     *
     * @param newEvalData examples that training does not see
     * @return this
     */
    public Trainer evalData(Dataset newEvalData) {
        evalData = newEvalData;
        return this;
    }

    /**
     * Sets a share of the data aside for validation, picked by the configured seed.
     *
     * @param share in [0, 1); 0, the default, sets none aside
     * @return this
     */
    public Trainer evalSplit(double share) {
        if (!(share >= 0 && share < 1)) {
            throw BadInputException.ofSetting("eval split", "a share of at least 0 and less than 1", share);
        }
        evalSplit = share;
        return this;
    }

    /**
     * How conversations become text, in place of the model's own chat template; data that hold none need no template.
     *
     * @param renderer writes conversations as text
     * @return this
     */
    public Trainer chat(ChatRenderer renderer) {
        chat = renderer;
        return this;
    }

    /**
     * What becomes of examples longer than the configured length; they are truncated unless set.
     *
     * @param policy what becomes of an example that is longer than a row
     * @return this
     */
    public Trainer overLong(OverLong policy) {
        overLong = policy;
        return this;
    }

    /**
     * Whether prompts are trained too, rather than completions and the assistant's turns alone; they are not unless
     * set.
     *
     * @param on whether it is so
     * @return this
     */
    public Trainer trainOnAll(boolean on) {
        wholeText = on;
        return this;
    }

    /**
     * Whether special tokens spelled in texts, prompts and completions are read as such, rather than as the characters
     * they are spelled with; they are unless set. What messages of conversations spell is always text.
     *
     * @param on whether it is so
     * @return this
     */
    public Trainer parseSpecial(boolean on) {
        parseSpecial = on;
        return this;
    }

    /**
     * Limits the heap that tokens of the data may take, each for training and for validation; an eighth of the largest
     * heap unless set. More go to a scratch file beside the output folder, of 2 to 3 bytes a token, and the run's bits
     * are the same.
     *
     * @param bytes at least 1
     * @return this
     */
    public Trainer dataMemory(long bytes) {
        dataMemoryBytes = bytes;
        return this;
    }

    /**
     * What is trained on, encoded: sequences within the configured length. Takes the place of {@link #data}.
     *
     * @param newExamples encoded for this model; for a loss of pairs the chosen and the rejected answer in turn
     * @return this
     */
    public Trainer examples(List<EncodedExample> newExamples) {
        examples = List.copyOf(newExamples);
        data = null;
        return this;
    }

    /**
     * What is validated on beside encoded examples, never trained.
     *
     * @param newExamples encoded for this model
     * @return this
     */
    public Trainer evalExamples(List<EncodedExample> newExamples) {
        evalExamples = List.copyOf(newExamples);
        return this;
    }

    /**
     * Calls the listener while what comes before the first step is done, where that is more than reading data: scores
     * by the reference of preferences, or by a teacher, and the decomposition of weights for {@link LoraVariant#PISSA}.
     *
     * @param listener called on the training's thread, or by {@link #start} where a resumed run lacks its scores
     * @return this
     */
    public Trainer onPreparation(Consumer<Preparation> listener) {
        preparations.add(Objects.requireNonNull(listener, "listener"));
        return this;
    }

    /**
     * Calls the listener after every optimizer step, as {@link TrainingRun#onProgress} does.
     *
     * @param listener called on the thread that works
     * @return this
     */
    public Trainer onProgress(Consumer<TrainingProgress> listener) {
        listeners.add(Objects.requireNonNull(listener, "listener"));
        return this;
    }

    /**
     * Shows the adapter as it is some times while it is trained, for instance to ask it something. The training waits
     * meanwhile; what the listener throws is logged and ends nothing. The bits of the result stay the same.
     *
     * @param times evenly spread over the steps, beginning and end not among them
     * @param listener called on the thread that works; the adapter is closed when it returns
     * @return this
     */
    public Trainer snapshots(int times, BiConsumer<TrainingProgress, Adapter> listener) {
        if (times < 0) {
            throw BadInputException.ofSetting("snapshots", "at least 0", times);
        }
        Objects.requireNonNull(listener, "listener");
        snapshots = new Snapshots(times, (progress, file) -> {
            try (Adapter adapter = Adapter.load(file)) {
                listener.accept(progress, adapter);
            }
        });
        return this;
    }

    /**
     * Where the run writes: a new or empty folder, or with resume the one of an earlier run.
     *
     * @param folder new or empty, unless a run is resumed
     * @return this
     */
    public Trainer output(Path folder) {
        output = folder;
        return this;
    }

    /**
     * Whether to go on from the newest whole checkpoint in the output folder. Where the folder is missing or empty the
     * run starts, as it does where no checkpoint was made yet; {@link TrainingRun#beginning} says which.
     *
     * @param on whether it is so
     * @return this
     */
    public Trainer resume(boolean on) {
        resume = on;
        return this;
    }

    /**
     * Computes what the training would do and take; encodes the data and trains nothing.
     *
     * @return what the training would do and take
     * @throws BadInputException if the data are empty, have nothing to train, hold a token past the vocabulary, or are
     *     longer than the settings or the model say
     * @throws ResourceException if memory does not suffice
     */
    public TrainingPlan plan() {
        TrainingSetup setup = prepare();
        RunMemory memory = RunMemory.of(setup);
        memory.requireFits(setup);
        return plan(setup, memory);
    }

    private TrainingPlan plan(TrainingSetup setup, RunMemory memory) {
        int rows = setup.firstEpoch().size();
        return new TrainingPlan(
                setup.data().size(),
                setup.data().examples().tokens(),
                setup.data().examples().trainedTokens(),
                rows,
                setup.config().batching().totalSteps(rows),
                setup.trainable().parameters(),
                setup.config().batching().epochs(),
                setup.config().loss().data() == Loss.Data.EXAMPLES
                        ? setup.config().batching().batchTokens()
                        : setup.rowTokens(),
                memory.parts(memory.savings(setup)),
                setup.data().counts());
    }

    /**
     * Starts the training on a thread of its own, after the data were encoded on this one and others; an interrupt ends
     * that. With {@link #resume}, a run that is finished already is not started again: its result is there at once.
     *
     * @return the run, to be closed
     * @throws BadInputException as {@link #plan}; if the output folder is in use; with {@link #resume} if what is in it
     *     is no run's, or a run's with other settings, data, base or template, which are named
     * @throws ResourceException if memory or disk do not suffice; nothing was allocated then
     */
    public TrainingRun start() {
        if (output == null) {
            throw new IllegalStateException("a training needs an output folder");
        }
        if (resume) {
            EarlierRun.in(output);
        } else {
            OutputFolder.requireUnused(output);
        }
        TrainingSetup setup = prepare();
        RunMemory memory = RunMemory.of(setup);
        memory.requireFits(setup);
        TrainingPlan plan = plan(setup, memory);
        OutputFolder folder = resume ? OutputFolder.claim(output) : OutputFolder.create(output);
        boolean started = false;
        try {
            TrainingRun run = start(setup, memory, plan, folder);
            started = true;
            return run;
        } finally {
            if (!started) {
                folder.abandon();
            }
        }
    }

    private TrainingRun start(TrainingSetup setup, RunMemory memory, TrainingPlan plan, OutputFolder folder) {
        RunDescription description = new RunDescription(setup);
        Optional<EarlierRun> earlier = resume ? EarlierRun.in(folder.path()) : Optional.empty();
        earlier.ifPresent(run -> EarlierRun.requireSame(folder.path(), run.settings(), description.decisive()));
        Optional<TrainingLoop.Result> finished = earlier.flatMap(run -> TrainingLoop.earlier(setup, folder));
        if (finished.isPresent()) {
            folder.close();
            return TrainingRun.finished(plan, finished.get());
        }
        EngineTrainer core = model.core().trainer(setup.options(memory.limitForCore()));
        boolean started = false;
        try {
            folder.requireSpace(setup.bytesOnDisk());
            TrainingLoop loop = new TrainingLoop(
                    setup,
                    description,
                    core,
                    folder,
                    listeners,
                    setup.trainable().isAdapter() ? snapshots : Snapshots.NONE,
                    questions.isEmpty() ? SampledAnswers.NONE : new SampledAnswers(this::ask));
            preparations.forEach(loop::onPreparation);
            setup.begin(core); // What a resumed run restores comes in its place.
            int from = earlier.isPresent() ? loop.resume() : 0;
            TrainingRun run = TrainingRun.begin(core, folder, loop, plan, RunStart.of(earlier.isPresent(), from));
            started = true;
            return run;
        } finally {
            if (!started) {
                core.close();
            }
        }
    }

    /** The means of the metrics of an adapter's answers. */
    private Map<String, Double> ask(Path file, Path answers, Runnable beforeEach) {
        try (Adapter adapter = Adapter.load(file)) {
            Evaluator evaluator = Evaluator.of(model, Dataset.of(questions))
                    .adapter("adapter", adapter, 1)
                    .answers(answers)
                    .onProgress((done, all) -> beforeEach.run());
            if (chat != null) {
                evaluator.chat(chat);
            }
            Map<String, Double> means = new LinkedHashMap<>();
            evaluator.evaluate().variants().get(0).metrics().forEach((name, estimate) -> {
                if (!name.equals(Tally.LOSS)) {
                    means.put(name, estimate.mean());
                }
            });
            return means;
        }
    }

    /** Examples of the validation that ask something, spread evenly over it. */
    private List<Example> questions(TrainingConfig decided) {
        int count = decided.keeping().evalAnswers();
        if (count == 0) {
            return List.of();
        }
        if (!(method instanceof LoraConfig)) {
            throw new BadInputException("eval answers: expected LoRA, found a full training: its model is no adapter");
        }
        List<Example> validation = evalData != null
                ? evalData.examples()
                : data != null && evalSplit > 0
                        ? data.split(evalSplit, decided.seed()).eval()
                        : List.of();
        List<Example> asking = validation.stream().filter(QuestionReader::asks).toList();
        if (asking.isEmpty()) {
            throw new BadInputException(
                    "eval answers: expected validation examples with a prompt and an answer, as text, found none");
        }
        return EvaluationChecks.spread(asking, count);
    }

    private ExampleEncoder encoder() {
        int longest = Math.min(config.batching().maxLength(), model.contextLength());
        return new ExampleEncoder(
                model.tokenizer(), renderer(), new ExampleEncoder.Options(longest, overLong, wholeText, parseSpecial));
    }

    private @Nullable ChatRenderer renderer() {
        return chat != null ? chat : model.chat().map(ChatRenderer::of).orElse(null);
    }

    /** The nearest folder above the output that is there, as its disk is the one chosen for what is large. */
    private Path scratchFolder() {
        Path folder = output == null ? null : output.toAbsolutePath().getParent();
        while (folder != null && !Files.isDirectory(folder)) {
            folder = folder.getParent();
        }
        return folder != null ? folder : Path.of(System.getProperty("java.io.tmpdir"));
    }

    private TrainingSetup prepare() {
        if (data == null && (evalData != null || evalSplit > 0)) {
            throw new IllegalStateException(
                    "evalData and evalSplit go with data; encoded examples go with evalExamples");
        }
        if (data != null && !evalExamples.isEmpty()) {
            throw new IllegalStateException(
                    "evalExamples go with encoded examples; data go with evalData or evalSplit");
        }
        questions = questions(config);
        TrainingData.Room room = new TrainingData.Room(dataMemoryBytes, scratchFolder());
        TrainingData encoded = data == null
                ? TrainingData.of(model.base(), config, room, examples, evalExamples)
                : TrainingData.encode(
                        model.base(), config, room, data, evalData, evalSplit, encoder(), ChatProbe.sha256(renderer()));
        TrainingSetup setup = new TrainingSetup(model.base(), method, config, encoded, checkedStart());
        return (smallData.isEmpty() ? setup : setup.with(suited(setup))).decided();
    }

    private @Nullable StartingAdapter checkedStart() {
        if (start == null) {
            return null;
        }
        if (method instanceof LoraConfig lora && lora.variant() == LoraVariant.PISSA) {
            throw new BadInputException("from: expected method lora or dora to go on from " + start.name()
                    + ", found pissa, which begins with the weights' own singular vectors; what it trained goes on"
                    + " as lora, of twice the rank");
        }
        if (!(method instanceof LoraConfig lora) || lora.mergeAware() != null) {
            throw new BadInputException(
                    "from: expected LoRA " + (method instanceof LoraConfig ? "without merge aware" : "")
                            + " to go on from " + start.name() + ", found "
                            + (method instanceof LoraConfig ? "one that is trained for a merge" : "a full training"));
        }
        start.weights().requireFits(model.spec());
        return start;
    }

    private TrainingConfig suited(TrainingSetup setup) {
        TrainingData encoded = setup.data();
        return SmallData.suit(
                config, smallData, encoded::longestTogether, encoded.examples().tokens(), candidate -> {
                    int rows = setup.with(candidate).firstEpoch().size();
                    return candidate.batching().totalSteps(rows);
                });
    }
}
