package dev.chaku.text;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufArray;
import dev.chaku.gguf.GgufMetadata;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The tokens of a model with their kinds and scores, and the settings beside them, read from {@code tokenizer.ggml.*}.
 * Immutable and thread-safe.
 *
 * <p>Files say little about which tokens end a text, and converters forget to mark control tokens; as llama.cpp does,
 * both are made good by well-known spellings. Besides, what the file's chat template writes after an answer ends a
 * text, and what {@code chaku.tokenizer.end_token_ids} lists. A file that has this key marks its tokens rightly: in it,
 * spellings say nothing of tokens that it calls normal.
 *
 * <p>Source: llama.cpp's vocabulary loader, as of ggml 0.27.
 */
final class Vocabulary {
    static final int UNKNOWN = 1;
    static final int UNUSED = 2;
    static final int NORMAL = 4;
    static final int CONTROL = 8;
    static final int USER_DEFINED = 16;
    static final int BYTE = 32;
    /** White space before the token belongs to it. */
    static final int STRIPS_LEFT = 64;
    /** White space after the token belongs to it. */
    static final int STRIPS_RIGHT = 128;
    /** A token only where no part of a word stands beside it. */
    static final int SINGLE_WORD = 256;
    /** Looked for in normalized text, and spelled as the normalizer makes of its spelling. */
    static final int NORMALIZED = 512;

    static final int NONE = -1;

    private static final String KEY = "tokenizer.ggml.";
    private static final String DROPS_SPACE = "chaku.tokenizer.decode_drops_space";
    private static final String END_IDS = "chaku.tokenizer.end_token_ids";

    /** A text ends where one of these is generated. */
    private static final Set<String> ENDS = Set.of(
            "<|eot_id|>",
            "<|im_end|>",
            "<|end|>",
            "<|return|>",
            "<|call|>",
            "<|flush|>",
            "<|calls|>",
            "<end_of_turn>",
            "<|endoftext|>",
            "</s>",
            "<|eom_id|>",
            "<EOT>",
            "_<EOT>",
            "[EOT]",
            "[EOS]",
            "<|end_of_text|>",
            "<end_of_utterance>",
            "<eos>",
            "<turn|>",
            "<|tool_response>",
            "<\uff5cend\u2581of\u2581sentence\uff5c>",
            "[e~[");

    /** Fill-in-the-middle tokens that also end a text, by the key that names them. */
    private static final List<FillToken> FILL_ENDS = List.of(
            new FillToken("fim_pad_token_id", "<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"),
            new FillToken("fim_rep_token_id", "<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"),
            new FillToken("fim_sep_token_id", "<|file_sep|>"));

    private static final List<FillToken> FILLS = List.of(
            new FillToken(
                    "fim_pre_token_id",
                    "<|fim_prefix|>",
                    "<fim-prefix>",
                    "<fim_prefix>",
                    "<\uff5cfim\u2581begin\uff5c>",
                    "<PRE>",
                    "\u2581<PRE>",
                    "<|code_prefix|>",
                    "<|prefix|>"),
            new FillToken(
                    "fim_suf_token_id",
                    "<|fim_suffix|>",
                    "<fim-suffix>",
                    "<fim_suffix>",
                    "<\uff5cfim\u2581hole\uff5c>",
                    "<SUF>",
                    "\u2581<SUF>",
                    "<|code_suffix|>",
                    "<|suffix|>"),
            new FillToken(
                    "fim_mid_token_id",
                    "<|fim_middle|>",
                    "<fim-middle>",
                    "<fim_middle>",
                    "<\uff5cfim\u2581end\uff5c>",
                    "<MID>",
                    "\u2581<MID>",
                    "<|code_middle|>",
                    "<|middle|>"));

    private final GgufMetadata metadata;
    private final TokenTable table;
    private final short[] attributes;
    private final float @Nullable [] scores;
    private final Settings settings;
    private final BitSet ends = new BitSet();
    private int turnEnd = NONE;

    private record FillToken(String key, String... spellings) {}

    /**
     * What a kind of tokenizer takes for granted, and then what the metadata say instead.
     *
     * @param bos begins a text, {@link #NONE} if there is none; the other ids likewise
     * @param dropsSpace whether decoding drops a space that begins a text
     */
    record Settings(
            int bos,
            int eos,
            int unknown,
            int separator,
            boolean addBos,
            boolean addEos,
            boolean addSpacePrefix,
            boolean dropsSpace,
            boolean cleanSpaces) {}

    Vocabulary(GgufMetadata metadata, Settings defaults) {
        this.metadata = metadata;
        GgufArray.Strings tokens = metadata.requireStrings(KEY + "tokens");
        table = tableOf(tokens);
        attributes = readKinds(tokens.size());
        scores = readScores(tokens.size());
        settings = readSettings(defaults);
        markControls();
        findEnds();
        markStripping();
    }

    int size() {
        return attributes.length;
    }

    Settings settings() {
        return settings;
    }

    /** Whether the space that decoding drops may stand after special tokens that are not shown. */
    boolean dropsSpaceOfText() {
        return metadata.has(DROPS_SPACE);
    }

    boolean addSpacePrefix() {
        return settings.addSpacePrefix();
    }

    /** The id of a spelling, or -1. */
    int find(byte[] utf8, int from, int to) {
        return table.find(utf8, from, to);
    }

    /** The id of a spelling, or -1. */
    int find(String spelling) {
        byte[] utf8 = spelling.getBytes(StandardCharsets.UTF_8);
        return table.find(utf8, 0, utf8.length);
    }

    /** Bytes of the longest spelling. */
    int longest() {
        return table.longest();
    }

    byte[] spelling(int id) {
        return table.copyOf(id);
    }

    float score(int id) {
        return scores == null ? 0 : scores[id];
    }

    boolean has(int id, int attribute) {
        return (attributes[id] & attribute) != 0;
    }

    boolean isEnd(int id) {
        return ends.get(id);
    }

    /** The token by which only the chat template ends a text, or -1. */
    int turnEnd() {
        return turnEnd;
    }

    /** Adds the token for what the vocabulary cannot spell. */
    void addUnknown(byte[] utf8, TokenBuffer out) {
        if (settings.unknown() == NONE) {
            throw new BadInputException(metadata.source() + ": the vocabulary has no token for \""
                    + new String(utf8, StandardCharsets.UTF_8) + "\", none for its bytes and none for what is unknown");
        }
        out.add(settings.unknown());
    }

    private TokenTable tableOf(GgufArray.Strings tokens) {
        TokenTable spellings = new TokenTable(tokens.size());
        for (int id = 0; id < tokens.size(); id++) {
            byte[] spelling = tokens.bytesAt(id);
            if (spelling.length == 0) {
                spelling = ("[EMPTY_" + id + "]").getBytes(StandardCharsets.UTF_8);
            }
            int found = spellings.intern(spelling, 0, spelling.length);
            if (found != id) {
                throw new BadInputException(
                        metadata.source() + ": metadata key '" + KEY + "tokens' expects distinct tokens, found '"
                                + tokens.get(id) + "' as " + found + " and as " + id);
            }
        }
        if (spellings.size() == 0) {
            throw new BadInputException(
                    metadata.source() + ": metadata key '" + KEY + "tokens' expects at least 1 token, found none");
        }
        return spellings;
    }

    private short[] readKinds(int size) {
        short[] kinds = new short[size];
        GgufArray.Numbers types = metadata.findNumbers(KEY + "token_type").orElse(null);
        requireLength(types, "token_type", size);
        for (int id = 0; id < size; id++) {
            kinds[id] = (short)
                    (types == null
                            ? NORMAL
                            : switch ((int) types.longAt(id)) {
                                case 1 -> NORMAL;
                                case 2 -> UNKNOWN;
                                case 3 -> CONTROL;
                                case 4 -> USER_DEFINED;
                                case 5 -> UNUSED;
                                case 6 -> BYTE;
                                default -> 0;
                            });
        }
        return kinds;
    }

    private float @Nullable [] readScores(int size) {
        GgufArray.Numbers numbers = metadata.findNumbers(KEY + "scores").orElse(null);
        requireLength(numbers, "scores", size);
        return numbers == null ? null : numbers.toFloats();
    }

    private void requireLength(GgufArray.@Nullable Numbers numbers, String name, int size) {
        if (numbers != null && numbers.size() < size) {
            throw new BadInputException(metadata.source() + ": metadata key '" + KEY + name + "' expects " + size
                    + " numbers, one a token, found " + numbers.size());
        }
    }

    private Settings readSettings(Settings defaults) {
        boolean addSpacePrefix = metadata.findBool(KEY + "add_space_prefix").orElse(defaults.addSpacePrefix());
        Settings read = new Settings(
                id("bos_token_id", defaults.bos()),
                id("eos_token_id", defaults.eos()),
                id("unknown_token_id", defaults.unknown()),
                id("seperator_token_id", defaults.separator()),
                metadata.findBool(KEY + "add_bos_token").orElse(defaults.addBos()),
                metadata.findBool(KEY + "add_eos_token").orElse(defaults.addEos()),
                addSpacePrefix,
                metadata.findBool(DROPS_SPACE).orElse(addSpacePrefix),
                metadata.findBool("chaku.tokenizer.clean_spaces").orElse(defaults.cleanSpaces()));
        requireToken(read.addBos(), read.bos(), "bos");
        requireToken(read.addEos(), read.eos(), "eos");
        return read;
    }

    /** The id under a key; what is absent or no token of this vocabulary leaves the default, if that is one. */
    private int id(String name, int byDefault) {
        long id = metadata.findLong(KEY + name).orElse(NONE);
        if (id >= 0 && id < size()) {
            return (int) id;
        }
        return byDefault < size() ? byDefault : NONE;
    }

    private void requireToken(boolean added, int id, String name) {
        if (added && id == NONE) {
            throw new BadInputException(
                    metadata.source() + ": metadata key '" + KEY + name + "_token_id' expects the token that '" + KEY
                            + "add_" + name + "_token' adds, found no such token");
        }
    }

    private void markControls() {
        for (String spelling : ENDS) {
            addControl(findMarked(spelling));
        }
        for (FillToken fill : FILLS) {
            addControl(fillId(fill));
        }
        for (FillToken fill : FILL_ENDS) {
            addControl(fillId(fill));
        }
    }

    private void addControl(int id) {
        if (id != NONE) {
            attributes[id] |= CONTROL;
        }
    }

    /** The id of a well-known spelling, unless the file is known to call it normal for a reason. */
    private int findMarked(String spelling) {
        int id = find(spelling);
        return id != NONE && metadata.has(END_IDS) && attributes[id] == NORMAL ? NONE : id;
    }

    /** The id that a fill-in-the-middle key names, else that of the first of its spellings that is a token. */
    private int fillId(FillToken fill) {
        int id = id(fill.key(), NONE);
        for (int i = 0; id == NONE && i < fill.spellings().length; i++) {
            id = findMarked(fill.spellings()[i]);
        }
        return id;
    }

    private void findEnds() {
        for (FillToken fill : FILL_ENDS) {
            addEnd(fillId(fill));
        }
        for (String spelling : ENDS) {
            addEnd(findMarked(spelling));
        }
        addEnd(metadata.has(KEY + "eos_token_id") ? settings.eos() : markedEos());
        addEnd(id("eot_token_id", NONE));
        addEnd(id("eom_token_id", NONE));
        BitSet listed = listed(END_IDS);
        ends.or(listed);
        turnEnd = metadata.findString("tokenizer.chat_template")
                .map(template -> TurnEnd.find(this, template))
                .orElse(NONE);
        addEnd(turnEnd);
        for (String shown : List.of("<|channel|>", "<|message|>", "<|start|>", "<|constrain|>")) {
            replaceKind(findMarked(shown), USER_DEFINED);
        }
        // Where a vocabulary has these, <|end|> or </s> only ends a part of an answer.
        if (endsWith("<|call|>", "<|return|>")
                || endsWith("<|call|>", "<|flush|>")
                || endsWith("<|calls|>", "<|return|>")
                || endsWith("<|calls|>", "<|flush|>")) {
            removeEnd("<|end|>", USER_DEFINED);
        }
        if (endsWith("<|tool_response>", "<|tool_response>")) {
            removeEnd("</s>", NORMAL);
        }
        ends.or(listed);
    }

    /** The EOS that a kind of tokenizer has unless the file says otherwise, if it looks like one. */
    private int markedEos() {
        return settings.eos() != NONE && has(settings.eos(), CONTROL) ? settings.eos() : NONE;
    }

    private BitSet listed(String key) {
        BitSet listed = new BitSet();
        GgufArray.Numbers ids = metadata.findNumbers(key).orElse(null);
        for (int i = 0; ids != null && i < ids.size(); i++) {
            long id = ids.longAt(i);
            if (id < 0 || id >= size()) {
                throw new BadInputException(metadata.source() + ": metadata key '" + key + "' expects ids below "
                        + size() + ", found " + id);
            }
            listed.set((int) id);
        }
        return listed;
    }

    private void addEnd(int id) {
        if (id != NONE) {
            ends.set(id);
        }
    }

    private boolean endsWith(String one, String other) {
        return find(one) != NONE && find(other) != NONE;
    }

    private void removeEnd(String spelling, int kind) {
        int id = find(spelling);
        if (id != NONE && ends.get(id)) {
            ends.clear(id);
            replaceKind(id, kind);
        }
    }

    private void replaceKind(int id, int kind) {
        if (id != NONE) {
            attributes[id] = (short) kind;
        }
    }

    /** Flags of added tokens by keys of our own; whether there is any. */
    private boolean markListed() {
        Map<String, Integer> flags = Map.of(
                "lstrip", STRIPS_LEFT, "rstrip", STRIPS_RIGHT, "single_word", SINGLE_WORD, "normalized", NORMALIZED);
        boolean any = false;
        for (Map.Entry<String, Integer> flag : flags.entrySet()) {
            BitSet listed = listed("chaku.tokenizer." + flag.getKey() + "_token_ids");
            any |= !listed.isEmpty();
            listed.stream().forEach(id -> addAttribute(id, flag.getValue()));
        }
        return any;
    }

    /**
     * Which tokens swallow white space beside them is in no file but those with keys of ours; like llama.cpp, it is
     * known by the model's name.
     */
    private void markStripping() {
        if (markListed()) {
            return;
        }
        String pre = metadata.findString(KEY + "pre").orElse("");
        String architecture = metadata.findString("general.architecture").orElse("");
        String name = metadata.findString("general.name").orElse("").toLowerCase(Locale.ROOT);
        if (pre.startsWith("jina-v2-")
                || architecture.equals("nomic-bert-moe")
                || architecture.equals("jina-bert-v3")) {
            addAttribute(find("<mask>"), STRIPS_LEFT);
        } else if (name.contains("phi-3") || name.contains("phi3")) {
            for (int id = 0; id < size(); id++) {
                if (has(id, CONTROL | USER_DEFINED | UNKNOWN)) {
                    attributes[id] |= STRIPS_RIGHT;
                }
            }
            for (String spelling : List.of("<unk>", "<s>", "<|endoftext|>")) {
                int id = find(spelling);
                if (id != NONE) {
                    attributes[id] &= ~STRIPS_RIGHT;
                }
            }
        } else if (name.contains("modern-bert")) {
            addAttribute(find("[MASK]"), STRIPS_LEFT);
        }
    }

    private void addAttribute(int id, int attribute) {
        if (id != NONE) {
            attributes[id] |= (short) attribute;
        }
    }
}
