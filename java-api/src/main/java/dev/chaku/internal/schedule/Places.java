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

    /** A text that cannot have a place. */
    record Failure(Work work, Throwable cause) {}

    private final TextPool pool;
    private final int vocabSize;
    private final int mostRunning;
    private final Turns turns = new Turns();
    private final Chunks chunks = new Chunks();
    private final Speculator speculator;
    private final List<Work> waiting = new ArrayList<>();
    private final List<Work> running = new ArrayList<>();
    private FloatBuffer logits = DirectBuffers.floats(0);
    private long admissions;
    private volatile @Nullable Work alone;

    Places(TextPool pool, int vocabSize, Scheduler.Settings settings) {
        this.pool = pool;
        this.vocabSize = vocabSize;
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
        return alone == work;
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

    private void remove(Work work) {
        leave(work);
        waiting.remove(work);
    }

    /** A text gives its place up and waits for another; what it has of its prompt may serve others. */
    void leave(Work work) {
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
            blocks += work.known > work.computed ? TextPool.blocksOf(work.known - work.computed) : 0;
        }
        return blocks;
    }

    /**
     * Computes a step.
     *
     * @param onFailure is told of texts that failed, which are out then
     * @return whether there was one
     */
    boolean step(BiConsumer<Work, Throwable> onFailure) {
        List<Work> works = new ArrayList<>();
        List<EnginePool.Part> parts = new ArrayList<>();
        compose(works, parts);
        while (!parts.isEmpty()) {
            try {
                compute(works, parts, onFailure);
                return true;
            } catch (ResourceException e) {
                if (!forgetDrafts(works, parts) && !pool.tree().dropOldest() && !giveUpOne(works, parts)) {
                    fail(works.get(0), e, onFailure);
                    return true;
                }
            } catch (OperationCancelledException e) {
                return true; // whoever it was for is taken out
            } catch (BadInputException e) {
                suspect(works, e, onFailure);
                return true;
            }
        }
        return false;
    }

    private void compose(List<Work> works, List<EnginePool.Part> parts) {
        List<Work> ready = running.stream().filter(Work::isReady).toList();
        List<Work> suspects =
                ready.stream().filter(work -> work.suspect).limit(1).toList();
        ready = suspects.isEmpty() ? ready : suspects;
        List<Work> going = ready.stream().filter(Work::isRunning).toList();
        going.forEach(Work::forgetDraft);
        speculator.draft(going);
        for (Work work : going) {
            add(work, EnginePool.BLOCK, works, parts);
        }
        List<Work> prompts = ready.stream()
                .filter(work -> !work.isRunning())
                .sorted(turns.order())
                .toList();
        int left = works.isEmpty() || prompts.isEmpty() ? Chunks.ALONE : chunks.next(works.size(), prompts.size());
        for (Work work : prompts) {
            if (left > 0) {
                left -= add(work, left, works, parts);
            }
        }
    }

    private int add(Work work, int most, List<Work> works, List<EnginePool.Part> parts) {
        EngineText text = work.text;
        if (text == null) {
            throw new IllegalStateException("a text with a place is not in the engine");
        }
        if (pool.mixes()) {
            work.keepBefore(text);
        }
        EnginePool.Part part = work.next(text, most, pool.mixes() ? work.cut() : 0);
        works.add(work);
        parts.add(part);
        return part.n();
    }

    /** Where memory is short, a step is first tried without drafts; false if it has none. */
    private boolean forgetDrafts(List<Work> works, List<EnginePool.Part> parts) {
        boolean any = false;
        for (int i = 0; i < parts.size(); i++) {
            Work work = works.get(i);
            if (work.drafted > 0) {
                any = true;
                work.forgetDraft();
                parts.set(i, work.next(parts.get(i).text(), EnginePool.BLOCK, 0));
            }
        }
        return any;
    }

    private void compute(List<Work> works, List<EnginePool.Part> parts, BiConsumer<Work, Throwable> onFailure) {
        int rows = parts.stream().mapToInt(Places::rows).sum();
        int floats = Math.multiplyExact(rows, vocabSize);
        if (logits.capacity() < floats) {
            logits = DirectBuffers.floats(floats);
        }
        logits.clear();
        alone = works.size() == 1 ? works.get(0) : null;
        long start = System.nanoTime();
        try {
            if (works.stream().anyMatch(Work::isCancelled)) {
                throw new OperationCancelledException("a text of the step was cancelled");
            }
            pool.core().compute(parts, logits);
        } finally {
            alone = null;
        }
        learn(parts, System.nanoTime() - start);
        tell(works, parts, onFailure);
    }

    private static int rows(EnginePool.Part part) {
        return switch (part.logits()) {
            case NONE -> 0;
            case LAST -> 1;
            case ALL -> part.n();
        };
    }

    private void learn(List<EnginePool.Part> parts, long nanos) {
        int generated = 0;
        int rows = 0;
        int prompts = 0;
        for (EnginePool.Part part : parts) {
            if (part.role() == EnginePool.Role.PROMPT) {
                prompts += part.n();
            } else {
                generated++;
                rows += part.n();
            }
        }
        if (prompts == 0) {
            speculator.learn(rows, nanos);
        }
        chunks.learn(generated, prompts, nanos);
    }

    private void tell(List<Work> works, List<EnginePool.Part> parts, BiConsumer<Work, Throwable> onFailure) {
        int[] at = new int[parts.size()];
        int rows = 0;
        for (int i = 0; i < at.length; i++) {
            EnginePool.Part part = parts.get(i);
            Work work = works.get(i);
            at[i] = rows * vocabSize;
            rows += rows(part);
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
                works.get(i).told(part.from(), part.n(), logits.duplicate().position(at[i]), vocabSize);
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
    private boolean giveUpOne(List<Work> works, List<EnginePool.Part> parts) {
        Work victim = running.stream()
                .filter(work -> work.computed > 0 || work.isReady())
                .min(Turns.firstToGo())
                .orElse(null);
        if (victim == null || running.size() < 2) {
            return false;
        }
        int index = works.indexOf(victim);
        if (index >= 0) {
            works.remove(index);
            parts.remove(index);
        }
        leave(victim);
        return true;
    }

    /** A step that fails names none of its texts: each is computed alone then, and whoever fails so is out. */
    private void suspect(List<Work> works, BadInputException cause, BiConsumer<Work, Throwable> onFailure) {
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
    private static void discard(Work work) {
        work.forgetDraft();
        EngineText text = work.text;
        if (text != null) {
            text.close();
            work.text = null;
        }
    }
}
