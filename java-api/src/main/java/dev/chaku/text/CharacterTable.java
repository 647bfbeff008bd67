package dev.chaku.text;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufArray;
import dev.chaku.gguf.GgufMetadata;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What SentencePiece makes of characters before it looks for pieces, such as NFKC and more: a double-array trie of
 * stretches of UTF-8, and what each becomes. Immutable and thread-safe.
 *
 * <p>A blob is the size of the trie in bytes (uint32, little endian), its units (uint32 each), and the replacements,
 * each ended by a zero byte. A unit has the label that leads to it in bits 0 to 7, whether a leaf follows in bit 8, and
 * the distance to its children in bits 10 to 31, times 256 where bit 9 is set; a leaf, which has bit 31 set, has in its
 * other bits where its replacement begins.
 *
 * <p>Source: the layout of darts-clone, as SentencePiece writes it to {@code precompiled_charsmap}.
 */
final class CharacterTable {
    private static final String KEY = "tokenizer.ggml.precompiled_charsmap";

    /** Longer clusters are taken apart into characters first, as Hugging Face's tokenizers do. */
    private static final int MOST_CLUSTER_BYTES = 5;

    private static final Pattern CLUSTER = Pattern.compile("\\X");
    private static final int LABEL = 0x800000ff;

    private final String source;
    private final int[] units;
    private final byte[] replacements;

    /**
     * A stretch that is replaced.
     *
     * @param bytes how long it is
     * @param from where its replacement begins
     * @param to where that ends
     */
    private record Match(int bytes, int from, int to) {}

    private CharacterTable(String source, int[] units, byte[] replacements) {
        this.source = source;
        this.units = units;
        this.replacements = replacements;
    }

    /**
     * The table in metadata, if there is one with anything in it.
     *
     * @throws BadInputException if it is cut off
     */
    static Optional<CharacterTable> of(GgufMetadata metadata) {
        GgufArray.Numbers numbers = metadata.findNumbers(KEY).orElse(null);
        if (numbers == null || numbers.size() == 0) {
            return Optional.empty();
        }
        ByteBuffer blob = ByteBuffer.allocate(numbers.size()).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < numbers.size(); i++) {
            blob.put((byte) numbers.longAt(i));
        }
        return Optional.of(of(metadata.source(), blob.flip()));
    }

    private static CharacterTable of(String source, ByteBuffer blob) {
        long size = blob.remaining() < 4 ? -1 : blob.getInt() & 0xffffffffL;
        if (size <= 0 || size % 4 != 0 || size > blob.remaining()) {
            throw new BadInputException(source + ": metadata key '" + KEY
                    + "' expects a trie of whole units within its bytes, found "
                    + (size < 0 ? "no size" : size + " bytes of " + blob.remaining()));
        }
        int[] units = new int[(int) (size / 4)];
        blob.asIntBuffer().get(units);
        blob.position(blob.position() + (int) size);
        byte[] replacements = new byte[blob.remaining()];
        blob.get(replacements);
        return new CharacterTable(source, units, replacements);
    }

    /** Replaces from the left on, each time the longest stretch that is in the table, as SentencePiece does. */
    byte[] replaceLongest(byte[] utf8, int from, int to) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(to - from);
        for (int position = from; position < to; ) {
            Match match = find(utf8, position, to, true);
            if (match == null) {
                int length = Math.min(CodePoints.length(utf8[position]), to - position);
                out.write(utf8, position, length);
                position += length;
            } else {
                out.write(replacements, match.from(), match.to() - match.from());
                position += match.bytes();
            }
        }
        return out.toByteArray();
    }

    /**
     * Replaces as Hugging Face's tokenizers do: short clusters of characters by what the first stretch of them becomes,
     * and what is left one character after another.
     */
    String replaceClusters(String text) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(text.length());
        CLUSTER.matcher(text).results().forEach(cluster -> {
            byte[] utf8 = cluster.group().getBytes(StandardCharsets.UTF_8);
            Match whole = utf8.length > MOST_CLUSTER_BYTES ? null : find(utf8, 0, utf8.length, false);
            if (whole != null) {
                out.write(replacements, whole.from(), whole.to() - whole.from());
                return;
            }
            for (int position = 0; position < utf8.length; ) {
                int end = position + CodePoints.length(utf8[position]);
                Match match = find(utf8, position, end, false);
                if (match == null) {
                    out.write(utf8, position, end - position);
                } else {
                    out.write(replacements, match.from(), match.to() - match.from());
                }
                position = end;
            }
        });
        return out.toString(StandardCharsets.UTF_8);
    }

    /** The longest stretch from a position on that is in the table, or the shortest. */
    private @Nullable Match find(byte[] utf8, int from, int to, boolean longest) {
        int value = -1;
        int length = 0;
        int node = children(unit(0), 0);
        for (int position = from; position < to && utf8[position] != 0; position++) {
            int label = utf8[position] & 0xff;
            node ^= label;
            if (node < 0 || node >= units.length || (units[node] & LABEL) != label) {
                break;
            }
            int unit = units[node];
            node = children(unit, node);
            if ((unit & 0x100) != 0) {
                value = unit(node) & 0x7fffffff;
                length = position + 1 - from;
                if (!longest) {
                    break;
                }
            }
        }
        return length == 0 ? null : new Match(length, value, end(value));
    }

    private static int children(int unit, int node) {
        return node ^ unit >>> 10 << ((unit & 0x200) >>> 6);
    }

    private int unit(int index) {
        if (index < 0 || index >= units.length) {
            throw damaged("units below " + units.length, index);
        }
        return units[index];
    }

    private int end(int from) {
        int end = from;
        while (end >= 0 && end < replacements.length && replacements[end] != 0) {
            end++;
        }
        if (end < 0 || end >= replacements.length) {
            throw damaged("replacements that end within " + replacements.length + " bytes", from);
        }
        return end;
    }

    private BadInputException damaged(String expected, int found) {
        return new BadInputException(
                source + ": metadata key '" + KEY + "' expects " + expected + ", found one at " + found);
    }
}
