package dev.chaku.internal.convert;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.huggingface.JsonFile;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.io.FileFault;
import dev.chaku.text.Tokenizers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The tokenizer of a folder, as {@code tokenizer.ggml.*}: tokenizer.model (SentencePiece), tokenizer.json (byte-level
 * BPE, WordPiece, Unigram, or BPE over characters with bytes for the rest, which is SentencePiece in another dress), or
 * the vocab.json and merges.txt of older byte-level ones; special tokens and chat template from the files beside them.
 */
final class HuggingFaceTokenizer {
    private static final float ADDED_SCORE = -1000;
    /** Gemma 4's: merges of characters by their rank, where others go by scores. */
    private static final String RANKED = "gemma4";

    private static final String END_OF_TEXT = "<|endoftext|>";

    private final Path folder;
    private final ModelConfig config;
    private final JsonFile settings;
    private final JsonFile tokenizer;
    private final VocabularyTable vocabulary;
    private final Map<String, GgufValue> found = new LinkedHashMap<>();
    private final Map<Integer, JsonFile> addedTokens = new TreeMap<>();

    private HuggingFaceTokenizer(Path folder, ModelConfig config) {
        this.folder = folder;
        this.config = config;
        this.settings = JsonFile.readIfPresent(folder.resolve("tokenizer_config.json"));
        this.tokenizer = JsonFile.readIfPresent(folder.resolve("tokenizer.json"));
        this.vocabulary = new VocabularyTable(config.vocab());
    }

    /** @throws BadInputException if files are missing or damaged, or describe something that is not understood */
    static HuggingFaceTokenizer read(Path folder, ModelConfig config) {
        HuggingFaceTokenizer result = new HuggingFaceTokenizer(folder, config);
        if (Files.exists(folder.resolve("tokenizer.model"))) {
            result.readSentencePiece(SentencePieceModel.read(folder.resolve("tokenizer.model")));
        } else if (result.tokenizer.has("model")) {
            result.readTokenizerJson();
        } else if (Files.exists(folder.resolve("vocab.json")) && Files.exists(folder.resolve("merges.txt"))) {
            result.readPair();
        } else {
            boolean tekken = Files.exists(folder.resolve("tekken.json"));
            throw new BadInputException(
                    folder + ": expected tokenizer.json, tokenizer.model, or vocab.json with merges.txt, found "
                            + (tekken
                                    ? "tekken.json alone; take the tokenizer.json of a model with the same vocabulary"
                                    : "none of them"));
        }
        return result;
    }

    /** Adds the key values. */
    void describe(Map<String, GgufValue> metadata) {
        metadata.putAll(found);
        chatTemplate().ifPresent(template -> metadata.put("tokenizer.chat_template", GgufValue.of(template)));
        addSpecialTokens(metadata);
    }

    private void readSentencePiece(SentencePieceModel model) {
        SentencePieceModel.Normalizer normalizer = model.normalizer();
        if (!tokenizer.has("model") && (normalizer.hasTable() || normalizer.dropsSpaces())) {
            throw new BadInputException(folder.resolve("tokenizer.model")
                    + ": its normalizer expects no table of characters and all spaces kept, or a"
                    + " tokenizer.json that says in steps what is done, found "
                    + (normalizer.hasTable() ? "the table " + normalizer.name() : "remove_extra_whitespaces"));
        }
        for (int id = 0; id < model.pieces().size(); id++) {
            SentencePieceModel.Piece piece = model.pieces().get(id);
            vocabulary.put(folder.resolve("tokenizer.model"), id, piece.text(), piece.kind(), piece.score());
        }
        addAddedTokens(ADDED_SCORE);
        found.put("tokenizer.ggml.model", GgufValue.of("llama"));
        found.put("tokenizer.ggml.pre", GgufValue.of("default"));
        vocabulary.write(found, true);
        found.put(
                "tokenizer.ggml.add_space_prefix",
                GgufValue.of(settings.bool("add_prefix_space", normalizer.addsSpace())));
        describeSteps(true);
    }

    /** Steps of a tokenizer.json; where there is only a SentencePiece file, the flags of its added tokens. */
    private void describeSteps(boolean characters) {
        if (tokenizer.has("model")) {
            TokenizerSteps.describe(tokenizer, characters, addedTokens, found);
        }
        if (!characters || settings.has("clean_up_tokenization_spaces")) {
            found.put(
                    "chaku.tokenizer.clean_spaces", GgufValue.of(settings.bool("clean_up_tokenization_spaces", false)));
        }
    }

    private void readTokenizerJson() {
        JsonFile model = tokenizer.findObject("model").orElseThrow();
        String type = model.findString("type").orElse("BPE");
        if (type.equals("WordPiece")) {
            readWordPiece(model);
            return;
        }
        if (type.equals("Unigram")) {
            readUnigram(model);
            return;
        }
        if (!type.equals("BPE")) {
            throw model.error("type", "BPE, WordPiece or Unigram", type);
        }
        List<CharacterMerges.Merge> merges = merges(model);
        boolean characters = model.bool("byte_fallback", false);
        CharacterMerges scores = new CharacterMerges(characters ? merges : List.of());
        String unknown = model.findString("unk_token").orElse("");
        model.findObject("vocab")
                .orElseThrow(() -> model.error("vocab", "an object", null))
                .fields()
                .forEach((text, id) -> {
                    if (!(id instanceof Long number)) {
                        throw model.error("vocab." + text, "an id", id);
                    }
                    // A merge's rank is the order in which SentencePiece's scores would make it.
                    float score = characters ? scores.score(text) : 0;
                    vocabulary.put(tokenizer.path(), number, text, kind(text, unknown, characters), score);
                });
        addAddedTokens(characters ? ADDED_SCORE : 0);
        boolean ranked = characters && config.architecture().startsWith("Gemma4");
        found.put("tokenizer.ggml.model", GgufValue.of(ranked ? RANKED : characters ? "llama" : "gpt2"));
        String pre = characters ? "default" : PreTokenizerNames.of(tokenizer);
        found.put("tokenizer.ggml.pre", GgufValue.of(pre));
        vocabulary.write(found, characters);
        if (!characters || ranked) {
            found.put(
                    "tokenizer.ggml.merges",
                    GgufValue.of(merges.stream()
                            .map(merge -> merge.left() + " " + merge.right())
                            .toList()));
        }
        if (!characters) {
            if (PreTokenizerNames.prefixesSpace(tokenizer)) {
                found.put("chaku.tokenizer.space_prefix", GgufValue.of("always"));
            }
            boolean ignoresMerges = model.bool("ignore_merges", false);
            if (ignoresMerges != PreTokenizerNames.ignoresMerges(pre)) {
                found.put("chaku.tokenizer.ignore_merges", GgufValue.of(ignoresMerges));
            }
        }
        if (characters && !ranked && !scores.areThoseOfScores(vocabulary.texts())) {
            found.put("chaku.tokenizer.merge_token_ids", GgufValue.of(scores.ids(vocabulary)));
        }
        describeSteps(characters);
    }

    /** BERT's: GGUF writes U+2581 before tokens that begin a word and nothing before those that go on. */
    private void readWordPiece(JsonFile model) {
        WordPieceSteps steps = WordPieceSteps.of(tokenizer, model);
        model.findObject("vocab")
                .orElseThrow(() -> model.error("vocab", "an object", null))
                .fields()
                .forEach((text, id) -> {
                    if (!(id instanceof Long number)) {
                        throw model.error("vocab." + text, "an id", id);
                    }
                    vocabulary.put(tokenizer.path(), number, steps.spelling(text), VocabularyTable.NORMAL, 0);
                });
        addAddedTokens(0);
        found.put("tokenizer.ggml.model", GgufValue.of("bert"));
        found.put("tokenizer.ggml.pre", GgufValue.of("default"));
        vocabulary.write(found, false);
        steps.describe(found);
        TextFrame frame = TextFrame.of(tokenizer);
        put("cls", frame.before());
        put("seperator", frame.after());
        vocabulary.find("[MASK]").ifPresent(id -> found.put("tokenizer.ggml.mask_token_id", GgufValue.ofUint32(id)));
        config.json()
                .findInt("type_vocab_size")
                .ifPresent(types -> found.put("tokenizer.ggml.token_type_count", GgufValue.ofUint32(types)));
    }

    /** T5's and XLM-RoBERTa's: tokens and the logarithms of their probabilities. */
    private void readUnigram(JsonFile model) {
        if (model.bool("byte_fallback", false)) {
            throw model.error("byte_fallback", "false", true);
        }
        List<@Nullable Object> tokens = model.findList("vocab").orElse(List.of());
        int unknown = model.findInt("unk_id").orElse(-1);
        for (int id = 0; id < tokens.size(); id++) {
            if (!(tokens.get(id) instanceof List<?> pair)
                    || pair.size() != 2
                    || !(pair.get(0) instanceof String text)
                    || !(pair.get(1) instanceof Number score)) {
                throw model.error("vocab[" + id + "]", "a token and its score", tokens.get(id));
            }
            int kind = id == unknown ? VocabularyTable.UNKNOWN : VocabularyTable.NORMAL;
            vocabulary.put(tokenizer.path(), id, text, kind, score.floatValue());
        }
        if (unknown < 0 || unknown >= tokens.size()) {
            throw model.error("unk_id", "the id of a token", unknown);
        }
        addAddedTokens(0);
        found.put("tokenizer.ggml.model", GgufValue.of("t5"));
        found.put("tokenizer.ggml.pre", GgufValue.of("default"));
        vocabulary.write(found, true);
        found.put("tokenizer.ggml.unknown_token_id", GgufValue.ofUint32(unknown));
        found.put("tokenizer.ggml.remove_extra_whitespaces", GgufValue.of(true));
        found.put("tokenizer.ggml.add_sep_token", GgufValue.of(TextFrame.between(tokenizer) > 1));
        describeSteps(true);
        if (!found.containsKey("chaku.tokenizer.space_prefix")) {
            found.put("chaku.tokenizer.space_prefix", GgufValue.of("never"));
        }
        config.json()
                .findInt("type_vocab_size")
                .ifPresent(types -> found.put("tokenizer.ggml.token_type_count", GgufValue.ofUint32(types)));
    }

    /** The id of a token that stands around texts, under the name that GGUF has for it. */
    private void put(String name, @Nullable String token) {
        int id = Optional.ofNullable(token)
                .flatMap(vocabulary::find)
                .orElseThrow(() ->
                        tokenizer.error("post_processor", "a token of the vocabulary before and after a text", token));
        found.put("tokenizer.ggml." + name + "_token_id", GgufValue.ofUint32(id));
    }

    /** Byte-level tokens and their merges in two files; the class of the tokenizer says how it cuts words. */
    private void readPair() {
        JsonFile tokens = JsonFile.read(folder.resolve("vocab.json"));
        tokens.fields().forEach((text, id) -> {
            if (!(id instanceof Long number)) {
                throw tokens.error(text, "an id", id);
            }
            int kind = text.equals(END_OF_TEXT) ? VocabularyTable.CONTROL : VocabularyTable.NORMAL;
            vocabulary.put(tokens.path(), number, text, kind, 0);
        });
        addAddedTokens(0);
        found.put("tokenizer.ggml.model", GgufValue.of("gpt2"));
        found.put("tokenizer.ggml.pre", GgufValue.of(PreTokenizerNames.ofClass(settings, config.json())));
        vocabulary.write(found, false);
        found.put("tokenizer.ggml.merges", GgufValue.of(mergeLines(folder.resolve("merges.txt"))));
        found.put("tokenizer.ggml.add_bos_token", GgufValue.of(false));
        vocabulary.find(END_OF_TEXT).ifPresent(id -> found.put("tokenizer.ggml.eos_token_id", GgufValue.ofUint32(id)));
    }

    private static List<String> mergeLines(Path file) {
        List<String> merges = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(file)) {
                boolean comment = merges.isEmpty() && line.startsWith("#version");
                if (comment || line.isEmpty()) {
                    continue;
                }
                if (line.indexOf(' ') < 1 || line.indexOf(' ') != line.lastIndexOf(' ')) {
                    throw new BadInputException(
                            file + ": expected two tokens after the merge " + merges.size() + ", found '" + line + "'");
                }
                merges.add(line);
            }
        } catch (IOException e) {
            throw FileFault.notRead(file, e);
        }
        return merges;
    }

    private static int kind(String text, String unknown, boolean characters) {
        if (characters && text.matches("<0x[0-9A-F]{2}>")) {
            return VocabularyTable.BYTE;
        }
        return characters && text.equals(unknown) ? VocabularyTable.UNKNOWN : VocabularyTable.NORMAL;
    }

    /** "a b", or in newer files ["a", "b"]. */
    private static List<CharacterMerges.Merge> merges(JsonFile model) {
        List<CharacterMerges.Merge> merges = new ArrayList<>();
        for (Object merge : model.findList("merges").orElse(List.of())) {
            if (merge instanceof List<?> pair && pair.size() == 2) {
                merges.add(new CharacterMerges.Merge(String.valueOf(pair.get(0)), String.valueOf(pair.get(1))));
            } else if (merge instanceof String text && text.indexOf(' ') > 0) {
                int space = text.indexOf(' ');
                merges.add(new CharacterMerges.Merge(text.substring(0, space), text.substring(space + 1)));
            } else {
                throw model.error("merges", "pairs of tokens", merge);
            }
        }
        return merges;
    }

    /** Tokens beside the trained ones; later files complete the earlier ones. */
    private void addAddedTokens(float score) {
        JsonFile plain = JsonFile.readIfPresent(folder.resolve("added_tokens.json"));
        plain.fields().forEach((text, id) -> put(plain, text, id, VocabularyTable.USER_DEFINED, score));
        settings.findObject("added_tokens_decoder").ifPresent(tokens -> {
            for (String id : tokens.fields().keySet()) {
                JsonFile token = tokens.findObject(id).orElseThrow();
                long number = id.matches("[0-9]{1,9}") ? Long.parseLong(id) : -1;
                put(settings, token.findString("content").orElse(""), number, kind(token), score);
                addedTokens.put((int) number, token);
            }
        });
        for (int i = 0; i < tokenizer.findList("added_tokens").orElse(List.of()).size(); i++) {
            JsonFile token = tokenizer.element("added_tokens", i);
            put(
                    tokenizer,
                    token.findString("content").orElse(""),
                    token.fields().get("id"),
                    kind(token),
                    score);
            addedTokens.put(token.findInt("id").orElse(-1), token);
        }
    }

    private static int kind(JsonFile token) {
        return token.bool("special", false) ? VocabularyTable.CONTROL : VocabularyTable.USER_DEFINED;
    }

    /** SentencePiece's own unknown and control tokens are listed again among the added ones. */
    private void put(JsonFile source, String text, @Nullable Object id, int kind, float score) {
        if (!(id instanceof Long number)) {
            throw source.error("the id of added token " + text, "an integer", id);
        }
        Optional<Integer> known = vocabulary.find(text);
        if (known.isPresent()
                && known.get() == number.intValue()
                && vocabulary.isKind(known.get(), VocabularyTable.UNKNOWN)) {
            return;
        }
        vocabulary.put(source.path(), number, text, kind, score);
    }

    private void addSpecialTokens(Map<String, GgufValue> metadata) {
        JsonFile special = JsonFile.readIfPresent(folder.resolve("special_tokens_map.json"));
        JsonFile generation = JsonFile.readIfPresent(folder.resolve("generation_config.json"));
        Map<String, String> names = new LinkedHashMap<>();
        names.put("bos", "bos");
        names.put("eos", "eos");
        names.put("unk", "unknown");
        names.put("pad", "padding");
        names.forEach((name, gguf) -> {
            Optional<Integer> id = tokenText(settings, name)
                    .or(() -> tokenText(special, name))
                    .flatMap(vocabulary::find)
                    .or(() -> firstId(config.json(), name))
                    .or(() -> firstId(generation, name));
            id.filter(i -> i < vocabulary.size())
                    .ifPresent(i -> metadata.put("tokenizer.ggml." + gguf + "_token_id", GgufValue.ofUint32(i)));
        });
        addEnds(metadata, special, generation);
        TextFrame frame = TextFrame.of(tokenizer);
        boolean described = tokenizer.has("model");
        addFlag(metadata, "bos", frame.before(), described ? Optional.of(frame.before() != null) : Optional.empty());
        addFlag(metadata, "eos", frame.after(), frame.after() != null ? Optional.of(true) : Optional.empty());
    }

    /**
     * All tokens that end a text, by any of the files. Other programs know of three keys; the list is read by us, and
     * says that tokens which are no added ones are normal, whatever they spell.
     */
    private void addEnds(Map<String, GgufValue> metadata, JsonFile special, JsonFile generation) {
        Set<Integer> ends = new LinkedHashSet<>();
        tokenText(settings, "eos").flatMap(vocabulary::find).ifPresent(ends::add);
        if (ends.isEmpty()) {
            tokenText(special, "eos").flatMap(vocabulary::find).ifPresent(ends::add);
        }
        ends.addAll(ids(generation, "eos"));
        ends.addAll(ids(config.json(), "eos"));
        ends.removeIf(id -> id >= vocabulary.size());
        putEnds(metadata, ends);
        List<Integer> others = new ArrayList<>(ends);
        if (metadata.containsKey("tokenizer.chat_template")) {
            Tokenizers.turnEnd(new GgufMetadata(folder.toString(), metadata)).ifPresent(id -> others.add(0, id));
            ends.addAll(others);
            putEnds(metadata, ends);
        }
        String eosKey = "tokenizer.ggml.eos_token_id";
        if (metadata.get(eosKey) instanceof GgufValue.Int eos) {
            others.remove((Object) (int) eos.bits());
        } else if (!others.isEmpty()) {
            metadata.put(eosKey, GgufValue.ofUint32(others.remove(0)));
        }
        List<String> keys = List.of("eot", "eom");
        for (int i = 0; i < Math.min(keys.size(), others.size()); i++) {
            metadata.put("tokenizer.ggml." + keys.get(i) + "_token_id", GgufValue.ofUint32(others.get(i)));
        }
    }

    private static void putEnds(Map<String, GgufValue> metadata, Set<Integer> ends) {
        metadata.put(
                "chaku.tokenizer.end_token_ids",
                GgufValue.of(ends.stream().mapToInt(id -> id).toArray()));
    }

    /**
     * Whether a token is put before or after a text, which the settings say, or else the post-processor.
     *
     * @param token what the post-processor puts there, or null
     */
    private void addFlag(
            Map<String, GgufValue> metadata, String name, @Nullable String token, Optional<Boolean> otherwise) {
        String flag = "add_" + name + "_token";
        if (settings.has(flag)) {
            metadata.put("tokenizer.ggml." + flag, GgufValue.of(settings.bool(flag, false)));
            return;
        }
        if (token != null) {
            int id = vocabulary
                    .find(token)
                    .orElseThrow(() -> tokenizer.error("post_processor", "tokens of the vocabulary", token));
            GgufValue known = metadata.putIfAbsent("tokenizer.ggml." + name + "_token_id", GgufValue.ofUint32(id));
            if (known instanceof GgufValue.Int other && other.bits() != id) {
                throw tokenizer.error(
                        "post_processor", "the " + name + "_token around a text, whose id is " + other.bits(), token);
            }
        }
        otherwise.ifPresent(on -> metadata.put("tokenizer.ggml." + flag, GgufValue.of(on)));
    }

    private static Optional<String> tokenText(JsonFile file, String name) {
        Object value = file.fields().get(name + "_token");
        if (value instanceof String text) {
            return Optional.of(text);
        }
        return value instanceof Map<?, ?> token && token.get("content") instanceof String text
                ? Optional.of(text)
                : Optional.empty();
    }

    private static Optional<Integer> firstId(JsonFile file, String name) {
        return ids(file, name).stream().findFirst();
    }

    /** An id, or a list of them. */
    private static List<Integer> ids(JsonFile file, String name) {
        Object value = file.fields().get(name + "_token_id");
        return (value instanceof List<?> list ? list : Collections.singletonList(value))
                .stream()
                        .filter(id -> id instanceof Long number && number >= 0 && number <= Integer.MAX_VALUE)
                        .map(id -> ((Long) id).intValue())
                        .toList();
    }

    /** A file of its own, a text, or a list of named ones of which the default is taken. */
    private Optional<String> chatTemplate() {
        Path file = folder.resolve("chat_template.jinja");
        if (Files.exists(file)) {
            try {
                return Optional.of(Files.readString(file));
            } catch (IOException e) {
                throw FileFault.notRead(file, e);
            }
        }
        JsonFile own = JsonFile.readIfPresent(folder.resolve("chat_template.json"));
        Object value = (own.has("chat_template") ? own : settings).fields().get("chat_template");
        if (value instanceof List<?> list) {
            return list.stream()
                    .filter(entry -> entry instanceof Map<?, ?> map && "default".equals(map.get("name")))
                    .map(entry -> String.valueOf(((Map<?, ?>) entry).get("template")))
                    .findFirst();
        }
        return (own.has("chat_template") ? own : settings).findString("chat_template");
    }
}
