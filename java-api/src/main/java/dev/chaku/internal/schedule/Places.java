package dev.chaku.internal.schedule;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.errors.ResourceException;
import dev.chaku.internal.engine.EnginePool;
import dev.chaku.internal.engine.EngineText;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The texts that have a place in the engine, those that wait for one, and the steps of the former. Of the scheduler's
 * thread, but for {@link #isAlone}.
 */
final class Places {
    /** From so many rows on, tokens are chosen by several threads. */
    private static final int ROWS_FOR_MANY = 4;

    /** A larger pool does not take the place of one that has more tokens of texts under way. */
    private static final int MOST_COMPUTED_AGAIN = 1024;

    /** Generated tokens of a text that lost its place, computed again in a step of others. */
    private static final int MOST_COMPUTED_AGAIN_BESIDE = EnginePool.BLOCK / 4;

    /** A text that cannot have a place. */
    record Failure(Work work, Throwable cause) {}

    private final TextPool pool;
    private final int vocabSize;
    private final int layers;
    private final int mostRunning;
    private final Turns turns = new Turns();
    private final Chunks chunks = new Chunks();
    private final Speculator speculator;
    private final List<Work> waiting = new ArrayList<>();
    private final List<Work> running = new ArrayList<>();
    private FloatBuffer logits = DirectBuffers.floats(0);
    private FloatBuffer promptLogits = DirectBuffers.floats(0);
    /** Prompts that the engine holds between layers. */
    private @Nullable Pass held;

    private long admissions;
    private volatile @Nullable Pass underWay;

    Places(TextPool pool, int vocabSize, int layers, Scheduler.Settings settings) {
        this.pool = pool;
        this.vocabSize = vocabSize;
        this.layers = layers;
        this.mostRunning = settings.mostRunning();
        this.speculator = new Speculator(vocabSize, settings);
    }

    boolean isEmpty() {
        return waiting.isEmpty() && running.isEmpty();
    }

    void add(Work work) {
        List<Work> here = new ArrayList<>(waiting);
        here.addAll(running);
        turns.join(work.order.share(), here);
        waiting.add(work);
    }

    void addAll(Collection<Work> works) {
        works.forEach(this::add);
    }

    /** Whether the step under way is of this text alone. */
    boolean isAlone(Work work) {
        Pass now = underWay;
        return now != null && now.isOf(work);
    }

    /** Takes out what has ended: cancelled, late, or told to the end. */
    List<Work> over(long now) {
        List<Work> over = new ArrayList<>();
        for (Work work : all()) {
            if (work.isOver() || work.isCancelled() || work.order.isLate(now)) {
                remove(work);
                over.add(work);
            }
        }
        return over;
    }

    /** Takes out all, even where the engine fails. */
    List<Work> abort() {
        List<Work> all = all();
        running.clear();
        waiting.clear();
        for (Work work : all) {
            try {
                discard(work);
            } catch (RuntimeException | Error e) {
                work.text = null; // the engine is beyond help; whoever waits must still be told
            }
        }
        return all;
    }

    /** Nothing is computed for a while: gives back what is kept to draft. */
    void rest() {
        speculator.close();
    }

    private List<Work> all() {
        List<Work> all = new ArrayList<>(running);
        all.addAll(waiting);
        return all;
    }

    /** What the engine holds is given up where it has the text; the others' part is computed again. */
    private void letGo(Work work) {
        if (held != null && held.works().contains(work)) {
            held = null;
            pool.core().abandon();
        }
    }

    private void remove(Work work) {
        leave(work);
        waiting.remove(work);
    }

    /** A text gives its place up and waits for another; what it has of its prompt may serve others. */
    void leave(Work work) {
        letGo(work);
        if (running.remove(work)) {
            waiting.add(work);
        }
        work.forgetDraft();
        EngineText text = work.text;
        work.text = null;
        int has = work.computed;
        work.computed = 0;
        if (text == null) {
            return;
        }
        int read = Math.min(has, work.promptTokens);
        boolean whole = !work.asRead() || read == has;
        if (has == 0 || (pool.mixes() && !whole)) {
            text.close();
            return;
        }
        if (!whole) {
            text.truncate(read);
        }
        pool.tree().keep(work.key, work.tokens, whole ? has : read, read, text);
    }

    /** Gives places to those that wait, as far as there is room; those that can have none are returned. */
    List<Failure> admit() {
        for (Work work : all()) {
            work.look();
        }
        List<Failure> failed = new ArrayList<>();
        List<Work> next = waiting.stream()
                .filter(work -> work.computed < work.known)
                .sorted(turns.order())
                .toList();
        for (Work work : next) {
            try {
                if (!sharesWithOneUnderWay(work) && !admit(work)) {
                    break;
                }
            } catch (RuntimeException e) {
                remove(work);
                failed.add(new Failure(work, e));
            }
        }
        return failed;
    }

    /** Blocks of all that are here, as far as they may run at once. */
    private long wanted() {
        return all().stream()
                .limit(mostRunning)
                .mapToLong(work -> TextPool.blocksOf(work.mostTokens))
                .sum();
    }

    private int texts() {
        return Math.min(mostRunning, running.size() + waiting.size());
    }

    /** Whether a text under way computes right now what this one begins with: it waits for that. */
    private boolean sharesWithOneUnderWay(Work work) {
        int known = -1;
        for (Work other : running) {
            if (!other.isPrompt() || !other.isReady() || !other.key.equals(work.key)) {
                continue;
            }
            int most = Math.min(other.promptTokens, Math.min(work.promptTokens, work.known - 1));
            int common = 0;
            while (common < most && other.tokens[common] == work.tokens[common]) {
                common++;
            }
            if (pool.mixes() && common < other.cut()) {
                continue;
            }
            known = known < 0 ? pool.tree().known(work.key, work.tokens, most, work.asRead()) : known;
            if (common >= known + EnginePool.BLOCK) {
                return true;
            }
        }
        return false;
    }

    private boolean admit(Work work) {
        if (!makeRoom(TextPool.blocksOf(work.mostTokens))
                || running.size() >= Math.min(mostRunning, pool.mostTexts())) {
            return false;
        }
        int most = Math.min(work.allFrom, work.known - 1);
        int read = Math.min(most, work.promptTokens);
        EngineText text = pool.tree().begin(work.key, work.tokens, work.asRead() ? read : most, work.asRead());
        int has = text == null ? 0 : text.length();
        int takes = TextPool.blocksOf(work.known - has);
        while (!running.isEmpty() && takes > pool.counts().freeBlocks() - promised()) {
            if (!pool.tree().dropOldest()) {
                if (text != null) {
                    text.close();
                }
                return false;
            }
        }
        work.text = text == null ? pool.text(work.key) : text;
        work.computed = has;
        work.admission = System.nanoTime();
        waiting.remove(work);
        running.add(work);
        admissions++;
        work.admitted(has);
        return true;
    }

    /** Gets a larger pool where that is needed, or good and cheap; false if it must be waited for. */
    private boolean makeRoom(int needed) {
        boolean must = !pool.hasRoomFor(needed);
        if (!must && !pool.shouldGrow(wanted(), texts())) {
            return true;
        }
        int toComputeAgain = running.stream().mapToInt(work -> work.computed).sum();
        if (toComputeAgain > MOST_COMPUTED_AGAIN) {
            return !must;
        }
        TextPool.Size size = pool.plan(needed, wanted(), texts());
        if (size != null) {
            List.copyOf(running).forEach(this::leave);
            pool.replace(size, needed);
        }
        return true;
    }

    /** Blocks that texts with places will take for what is known of them. */
    private int promised() {
        int blocks = 0;
        for (Work work : running) {
            int left = work.known - work.computed - (held == null ? 0 : held.tokensOf(work));
            blocks += left > 0 ? TextPool.blocksOf(left) : 0;
        }
        return blocks;
    }

    /**
     * Computes a step of the texts that are generated, and a piece of prompts.
     *
     * @param onFailure is told of texts that failed, which are out then
     * @return whether there was anything to compute
     */
    boolean step(BiConsumer<Work, Throwable> onFailure) {
        List<Work> going = ready().stream().filter(work -> !work.isPrompt()).toList();
        going.forEach(Work::forgetDraft);
        speculator.draft(going.stream().filter(Work::isRunning).toList());
        Pass step = new Pass(vocabSize);
        int most = going.size() == 1 ? EnginePool.BLOCK : MOST_COMPUTED_AGAIN_BESIDE;
        going.forEach(work -> add(work, work.isRunning() ? EnginePool.BLOCK : most, step));
        boolean computed = attempt(step, () -> generate(step, onFailure), onFailure);
        return read(going.size(), onFailure) || computed;
    }

    /** Those that can be computed; one that may have made a step fail is computed by itself. */
    private List<Work> ready() {
        List<Work> ready = running.stream().filter(Work::isReady).toList();
        List<Work> suspects =
                ready.stream().filter(work -> work.suspect).limit(1).toList();
        return suspects.isEmpty() ? ready : suspects;
    }

    /** Goes on with prompts, beside so many texts that are generated. */
    private boolean read(int going, BiConsumer<Work, Throwable> onFailure) {
        List<Work> prompts =
                ready().stream().filter(Work::isPrompt).sorted(turns.order()).toList();
        if (prompts.isEmpty()) {
            return false;
        }
        if (held == null) {
            Pass pass = new Pass(vocabSize);
            int left = chunks.tokens(going, prompts.size());
            for (Work work : prompts) {
                if (left > 0) {
                    left -= add(work, left, pass);
                }
            }
            attempt(pass, () -> hold(pass), onFailure);
        }
        Pass pass = held;
        if (pass == null) {
            return true; // some have left, or failed
        }
        int left = layers - pass.layersDone() % layers; // of a batch: what does not find room in one is several
        int most = chunks.layers(going, prompts.size(), pass.tokens(), left);
        return most == 0 || attempt(pass, () -> advance(pass, most, onFailure), onFailure);
    }

    private int add(Work work, int most, Pass pass) {
        EngineText text = work.text;
        if (text == null) {
            throw new IllegalStateException("a text with a place is not in the engine");
        }
        if (pool.mixes()) {
            work.keepBefore(text);
        }
        EnginePool.Part part = work.next(text, most, pool.mixes() ? work.cut() : 0);
        pass.add(work, part);
        return part.n();
    }

    /** Computes with what finds room; false if there is nothing to. */
    private boolean attempt(Pass pass, Runnable compute, BiConsumer<Work, Throwable> onFailure) {
        while (!pass.isEmpty()) {
            underWay = pass;
            try {
                if (pass.works().stream().anyMatch(Work::isCancelled)) {
                    throw new OperationCancelledException("a text of the step was cancelled");
                }
                compute.run();
                return true;
            } catch (ResourceException e) {
                if (!pass.forgetDrafts() && !pool.tree().dropOldest() && !giveUpOne(pass)) {
                    fail(pass.works().get(0), e, onFailure);
                    return true;
                }
            } catch (OperationCancelledException e) {
                return true; // whoever it was for is taken out
            } catch (BadInputException e) {
                suspect(pass, e, onFailure);
                return true;
            } finally {
                underWay = null;
            }
        }
        return false;
    }

    private void generate(Pass step, BiConsumer<Work, Throwable> onFailure) {
        logits = step.logitsIn(logits);
        boolean running = step.works().stream().allMatch(Work::isRunning);
        long start = System.nanoTime();
        pool.core().compute(step.parts(), logits);
        long nanos = System.nanoTime() - start;
        underWay = null;
        speculator.learn(step.tokens(), nanos);
        if (running) {
            chunks.learnStep(nanos);
        }
        tell(step, logits, onFailure);
    }

    private void hold(Pass pass) {
        promptLogits = pass.logitsIn(promptLogits);
        pool.core().hold(pass.parts());
        held = pass;
    }

    private void advance(Pass pass, int most, BiConsumer<Work, Throwable> onFailure) {
        held = null; // where it fails, the engine holds nothing
        long start = System.nanoTime();
        boolean done = pool.core().advance(most, promptLogits);
        chunks.learnPiece(pass.tokens(), most, System.nanoTime() - start);
        underWay = null;
        pass.layersAreDone(most);
        if (done) {
            tell(pass, promptLogits, onFailure);
        } else {
            held = pass;
        }
    }

    private void tell(Pass pass, FloatBuffer from, BiConsumer<Work, Throwable> onFailure) {
        List<Work> works = pass.works();
        List<EnginePool.Part> parts = pass.parts();
        int[] at = new int[parts.size()];
        int rows = 0;
        for (int i = 0; i < at.length; i++) {
            EnginePool.Part part = parts.get(i);
            Work work = works.get(i);
            at[i] = rows * vocabSize;
            rows += part.rows();
            work.computed += part.n();
            work.suspect &= part.logits() == EnginePool.Logits.NONE;
            turns.serve(work.order.share(), part.n());
            keepPrompt(work, part);
        }
        @Nullable Throwable[] failures = new Throwable[at.length];
        IntStream each = IntStream.range(0, at.length);
        (rows >= ROWS_FOR_MANY ? each.parallel() : each).forEach(i -> {
            EnginePool.Part part = parts.get(i);
            try {
                works.get(i).told(part.from(), part.n(), from.duplicate().position(at[i]), vocabSize);
            } catch (RuntimeException | Error e) {
                failures[i] = e;
            }
        });
        for (int i = 0; i < failures.length; i++) {
            Throwable failure = failures[i];
            if (failure != null) {
                fail(works.get(i), failure, onFailure);
            } else {
                works.get(i).takeBack();
            }
        }
    }

    /** What was read serves others at once. */
    private void keepPrompt(Work work, EnginePool.Part part) {
        EngineText text = work.text;
        boolean ends = work.computed == work.promptTokens || pool.mixes() && work.computed == work.cut();
        if (text != null && part.role() == EnginePool.Role.PROMPT && ends && work instanceof GenerationWork) {
            pool.tree().keep(work.key, work.tokens, work.computed, work.computed, text.fork(work.computed));
        }
    }

    /** The one that goes first where memory is short gives up its place; false if there is no other. */
    private boolean giveUpOne(Pass pass) {
        Work victim = running.stream()
                .filter(work -> work.computed > 0 || work.isReady())
                .min(Turns.firstToGo())
                .orElse(null);
        if (victim == null || running.size() < 2) {
            return false;
        }
        pass.remove(victim);
        leave(victim);
        return true;
    }

    /** A step that fails names none of its texts: each is computed alone then, and whoever fails so is out. */
    private void suspect(Pass pass, BadInputException cause, BiConsumer<Work, Throwable> onFailure) {
        List<Work> works = pass.works();
        if (works.size() == 1 && works.get(0).drafted == 0) {
            fail(works.get(0), cause, onFailure);
            return;
        }
        for (Work work : works) {
            discard(work);
            work.suspect = true;
            leave(work);
        }
    }

    private void fail(Work work, Throwable cause, BiConsumer<Work, Throwable> onFailure) {
        discard(work);
        remove(work);
        onFailure.accept(work, cause);
    }

    /** What a failed step has left of a text serves nobody. */
    private void discard(Work work) {
        letGo(work);
        work.forgetDraft();
        EngineText text = work.text;
        if (text != null) {
            text.close();
            work.text = null;
        }
    }
}
