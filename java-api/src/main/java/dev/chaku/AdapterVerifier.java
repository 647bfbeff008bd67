package dev.chaku;

import dev.chaku.data.ChatRenderer;
import dev.chaku.data.Dataset;
import dev.chaku.data.EncodedExample;
import dev.chaku.data.ExampleEncoder;
import dev.chaku.data.OverLong;
import dev.chaku.errors.BadInputException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.errors.ResourceException;
import dev.chaku.internal.adapter.proof.ProofRun;
import dev.chaku.internal.io.Disk;
import dev.chaku.io.FileFault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Proves that an adapter says the same wherever it is used: the logits of sample texts as a training has them, as the
 * base gives them that wears the adapter, as the adapter gives them that was exported and imported again (GGUF and
 * PEFT), and as the model gives them that it was merged into. Settings stay from call to call. Not thread-safe.
 *
 * <p>All are compared with the base that wears the adapter. What has the same arithmetic must have the same bits; what
 * is rounded otherwise has a bound, see {@link AdapterProof.Pair#bound}. A merge into a quantized base is rounded to
 * its blocks, and no bound on the difference says whether it is right: it passes if the merged model makes the change
 * that the adapter makes ({@link AdapterProof.Pair#kept} of at least a half) or is nearer to it than the base is.
 */
public final class AdapterVerifier {
    /** Positions that are compared unless set. */
    public static final int POSITIONS = 512;

    private static final int MAX_LENGTH = 256;

    private final Model model;
    private final Adapter adapter;
    private @Nullable Dataset data;
    private @Nullable ChatRenderer chat;
    private int positions = POSITIONS;
    private boolean merging = true;
    private @Nullable Path scratch;
    private BiConsumer<Integer, Integer> listener = (done, all) -> {};

    private AdapterVerifier(Model model, Adapter adapter) {
        this.model = model;
        this.adapter = adapter;
    }

    /**
     * {@return a verifier of an adapter}
     *
     * @param model its base, opened from a file; stays open meanwhile
     * @param adapter one that is open
     */
    public static AdapterVerifier of(Model model, Adapter adapter) {
        return new AdapterVerifier(Objects.requireNonNull(model, "model"), Objects.requireNonNull(adapter, "adapter"));
    }

    /**
     * The sample texts, of the kind that the adapter was trained for.
     *
     * @param sample the first of it is read
     * @return this
     */
    public AdapterVerifier data(Dataset sample) {
        data = sample;
        return this;
    }

    /**
     * How conversations of the data become text, in place of the model's own chat template.
     *
     * @param renderer writes conversations as text
     * @return this
     */
    public AdapterVerifier chat(ChatRenderer renderer) {
        chat = renderer;
        return this;
    }

    /**
     * How many positions are compared, of those that training would train; {@value #POSITIONS} unless set.
     *
     * @param count at least 1
     * @return this
     * @throws BadInputException if it is less than 1
     */
    public AdapterVerifier positions(int count) {
        if (count < 1) {
            throw BadInputException.ofSetting("positions", "at least 1", count);
        }
        positions = count;
        return this;
    }

    /**
     * Whether the merged model is among what is compared: it needs room on the disk for the size of the base. It is
     * unless set.
     *
     * @param on whether it is so
     * @return this
     */
    public AdapterVerifier merging(boolean on) {
        merging = on;
        return this;
    }

    /**
     * Where files are written that are compared and deleted again; the system's folder for such unless set.
     *
     * @param folder one that is there
     * @return this
     */
    public AdapterVerifier scratch(Path folder) {
        scratch = folder;
        return this;
    }

    /**
     * Tells how many positions were compared, and of how many.
     *
     * @param newListener called from the calling thread
     * @return this
     */
    public AdapterVerifier onProgress(BiConsumer<Integer, Integer> newListener) {
        listener = newListener;
        return this;
    }

    /**
     * Compares.
     *
     * @return what was found, whether it passes or not
     * @throws BadInputException if there are no data with a token that counts, or the adapter does not fit the model
     * @throws ResourceException if memory or disk does not suffice
     * @throws OperationCancelledException if the thread is interrupted
     */
    public AdapterProof verify() {
        AdapterBase base = AdapterBase.of(model);
        adapter.weights().requireFits(base.spec(), base.toString());
        List<ProofRun.Text> texts = texts();
        Path folder = makeFolder();
        try {
            ProofRun run = new ProofRun(
                    model.loaded(), adapter.loaded(), model.options().memoryLimitBytes());
            List<String> notes = new ArrayList<>();
            run.addTrainer();
            addGguf(run, folder);
            addPeft(run, folder, base, notes);
            if (!merging) {
                return proof(run, texts, notes, null);
            }
            try (Model merged = merge(folder, notes)) {
                return proof(run, texts, notes, merged);
            }
        } finally {
            Disk.deleteTreeQuietly(folder);
        }
    }

    private AdapterProof proof(ProofRun run, List<ProofRun.Text> texts, List<String> notes, @Nullable Model merged) {
        if (merged != null) {
            run.addMerged(merged.loaded());
        }
        ProofRun.Found found = run.compare(texts, listener);
        notes.addAll(found.notes());
        List<AdapterProof.Pair> pairs = found.pairs().stream()
                .map(pair -> new AdapterProof.Pair(
                        pair.a(),
                        pair.b(),
                        pair.maxDifference(),
                        pair.kl(),
                        pair.top1Agreement(),
                        pair.kept(),
                        pair.bound(),
                        pair.pass()))
                .toList();
        return new AdapterProof(pairs, found.positions(), found.change(), notes);
    }

    private void addGguf(ProofRun run, Path folder) {
        Path file = folder.resolve("exported.gguf");
        adapter.save(file);
        run.addAdapter("gguf", Adapter.load(file).loaded());
    }

    private void addPeft(ProofRun run, Path folder, AdapterBase base, List<String> notes) {
        Path exported = folder.resolve("peft");
        try {
            adapter.savePeft(exported, base);
        } catch (BadInputException e) {
            notes.add("peft is not compared: " + e.getMessage());
            return;
        }
        run.addAdapter("peft", Adapter.read(exported, base).loaded());
    }

    private @Nullable Model merge(Path folder, List<String> notes) {
        Path file = folder.resolve("merged.gguf");
        Path base = model.path().orElse(null);
        if (base == null) {
            notes.add("merged is not compared: a model of random weights has no file to merge into");
            return null;
        }
        try {
            BaseMerger.into(base)
                    .add(adapter, 1)
                    .force(true)
                    .options(model.options())
                    .write(file);
        } catch (BadInputException e) {
            notes.add("merged is not compared: " + e.getMessage());
            return null;
        }
        return Model.open(file, model.options());
    }

    private Path makeFolder() {
        Path around = scratch != null ? scratch : Path.of(System.getProperty("java.io.tmpdir"));
        try {
            return Files.createTempDirectory(around, "chaku-verify");
        } catch (IOException e) {
            throw FileFault.notWritten(around, e);
        }
    }

    /** The first of the data, until as many positions count as are wanted. */
    private List<ProofRun.Text> texts() {
        if (data == null) {
            throw new BadInputException("verify: expected sample data, found none");
        }
        ChatRenderer renderer =
                chat != null ? chat : model.chat().map(ChatRenderer::of).orElse(null);
        int longest = Math.min(MAX_LENGTH, model.contextLength());
        ExampleEncoder encoder = new ExampleEncoder(
                model.tokenizer(), renderer, new ExampleEncoder.Options(longest, OverLong.TRUNCATE, false));
        List<ProofRun.Text> texts = new ArrayList<>();
        int counted = 0;
        for (int i = 0; i < data.examples().size() && counted < positions; i++) {
            for (EncodedExample example : encoder.encode(data.examples().subList(i, i + 1))) {
                ProofRun.Text text = ProofRun.Text.of(example.tokens(), example.weights(), positions - counted);
                counted += text.positions();
                if (text.positions() > 0) {
                    texts.add(text);
                }
            }
        }
        if (texts.isEmpty()) {
            throw new BadInputException("verify: expected data with a token that counts, found none");
        }
        return texts;
    }
}
