package dev.chaku.internal.engine;

import dev.chaku.errors.BadInputException;
import java.util.List;

/** One text of an {@link EnginePool}, with what it wears. */
public interface EngineText extends AutoCloseable {
    /** An adapter of this engine and what its additions are multiplied by. */
    record Worn(EngineAdapter adapter, float scale) {}

    /**
     * A text of its own that begins with the first tokens of this one and wears the same.
     *
     * @param tokens how many; of a model with running memories 0, all, or those of a snapshot
     * @throws BadInputException if a running memory is not known there
     */
    EngineText fork(int tokens);

    /** Wears these adapters in place of those worn before. The text must be empty. */
    void setAdapters(List<Worn> worn);

    /** Forgets all but the first tokens, which are as those of a fork. */
    void truncate(int tokens);

    /** Of a model with running memories: keeps what they are now. The text has whole blocks. */
    void takeSnapshot();

    void dropSnapshots();

    /** Tokens of the text. */
    int length();

    @Override
    void close();
}
