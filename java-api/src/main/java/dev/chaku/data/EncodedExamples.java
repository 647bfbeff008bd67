package dev.chaku.data;

import dev.chaku.errors.ResourceException;
import dev.chaku.internal.io.Sha256;
import dev.chaku.io.FileFault;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.RandomAccess;
import org.jspecify.annotations.Nullable;

/**
 * Encoded examples in order: in memory, or past a limit in a scratch file, of which 12 bytes of each stay in memory,
 * its length and its place. Packing needs the lengths alone; rows read their sequences when their turn comes. The same
 * examples either way. Immutable and thread-safe.
 *
 * <p>A file rather than encoding again for each epoch: on conversations in English and Japanese it took 2 bytes a
 * token, less than half of the text that the token stands for, and reading a sequence back took a twentieth to a
 * hundredth of the time of rendering and encoding it; nor does it change when the data file does.
 */
public final class EncodedExamples extends AbstractList<EncodedExample> implements RandomAccess {
    private final List<EncodedExample> inMemory;
    private final int[] lengths;
    private final @Nullable TokenScratch scratch;
    private final long tokens;
    private final long trainedTokens;
    private final String sha256;

    private EncodedExamples(Builder builder) {
        this.inMemory = List.copyOf(builder.inMemory);
        this.lengths = builder.lengths.toArray();
        this.scratch = builder.scratch;
        this.tokens = builder.tokens;
        this.trainedTokens = builder.trainedTokens;
        this.sha256 = builder.sum.hex();
    }

    /**
     * Takes examples one by one.
     *
     * @param inMemoryBytes of tokens and weights that are kept in memory before all go to a file
     * @param scratchFolder where that file is made
     * @return a builder, without examples
     */
    public static Builder builder(long inMemoryBytes, Path scratchFolder) {
        return new Builder(inMemoryBytes, scratchFolder);
    }

    /**
     * {@return tokens of an example, without reading it}
     *
     * @param i counted from 0
     */
    public int length(int i) {
        return lengths[i];
    }

    /** {@return all tokens, trained or not} */
    public long tokens() {
        return tokens;
    }

    /** {@return tokens that count} */
    public long trainedTokens() {
        return trainedTokens;
    }

    /** {@return the SHA-256 of all lengths, tokens and weights: equal for equal examples in the same order} */
    public String sha256() {
        return sha256;
    }

    /** {@return whether the examples are in a file} */
    public boolean onDisk() {
        return scratch != null;
    }

    /** @throws ResourceException if the scratch file cannot be read */
    @Override
    public EncodedExample get(int i) {
        try {
            return scratch == null ? inMemory.get(i) : scratch.read(i, lengths[i]);
        } catch (IOException e) {
            throw new ResourceException("the scratch file of tokens cannot be read: " + FileFault.reason(e), e);
        }
    }

    @Override
    public int size() {
        return lengths.length;
    }

    /** Examples under way; not thread-safe. */
    public static final class Builder {
        /** Of an example in memory, beside its tokens and weights. */
        private static final int EXTRA_BYTES = 64;

        private final long inMemoryBytes;
        private final Path scratchFolder;
        private final IntSequence lengths = new IntSequence();
        private final Sha256 sum = new Sha256();
        private List<EncodedExample> inMemory = new ArrayList<>();
        private long usedBytes;
        private @Nullable TokenScratch scratch;
        private long tokens;
        private long trainedTokens;

        private Builder(long inMemoryBytes, Path scratchFolder) {
            this.inMemoryBytes = inMemoryBytes;
            this.scratchFolder = scratchFolder;
        }

        /**
         * @param example one sequence of tokens
         * @throws ResourceException if the disk is full
         */
        public void add(EncodedExample example) {
            int n = example.length();
            lengths.add(n);
            tokens += n;
            ByteBuffer bytes = ByteBuffer.allocate(n * (Integer.BYTES + Float.BYTES) + Integer.BYTES)
                    .putInt(n);
            for (int i = 0; i < n; i++) {
                bytes.putInt(example.tokens()[i]).putFloat(example.weights()[i]);
                trainedTokens += example.weights()[i] > 0 ? 1 : 0;
            }
            sum.add(bytes.flip());
            usedBytes += bytes.limit() + EXTRA_BYTES;
            if (scratch == null && usedBytes > inMemoryBytes) {
                scratch = new TokenScratch(scratchFolder);
                inMemory.forEach(scratch::add);
                inMemory = new ArrayList<>();
            }
            if (scratch != null) {
                scratch.add(example);
            } else {
                inMemory.add(example);
            }
        }

        /** {@return the examples; nothing can be added afterwards} */
        public EncodedExamples build() {
            return new EncodedExamples(this);
        }
    }
}
