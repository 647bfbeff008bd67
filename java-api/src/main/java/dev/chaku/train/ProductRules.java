package dev.chaku.train;

import static dev.chaku.train.Setting.require;

import dev.chaku.errors.BadInputException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Map.Entry;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;

/**
 * How products of the targets differ: which layers are adapted, and which products have a rank or an alpha of their
 * own. A pattern is a regular expression that is found in a product's name as GGUF files have it
 * ({@code blk.3.ffn_down}); of several that match the first counts. What PEFT calls {@code rank_pattern},
 * {@code alpha_pattern} and {@code layers_to_transform}.
 *
 * @param layers the layers that are adapted; empty for all. Products outside layers are adapted all the same
 * @param products patterns of products that are adapted beside the targets
 * @param ranks by pattern, in order
 * @param alphas by pattern, in order
 */
public record ProductRules(
        List<LayerRange> layers, List<String> products, Map<String, Integer> ranks, Map<String, Double> alphas) {
    /** No rules: all products of the targets alike. */
    public static final ProductRules NONE = new ProductRules(List.of(), List.of(), Map.of(), Map.of());

    /** @throws BadInputException if a pattern is no regular expression, or a rank or alpha out of its range */
    public ProductRules {
        layers = List.copyOf(layers);
        products = List.copyOf(products);
        ranks = Collections.unmodifiableMap(new LinkedHashMap<>(ranks));
        alphas = Collections.unmodifiableMap(new LinkedHashMap<>(alphas));
        products.forEach(pattern -> requirePattern("targets", pattern));
        ranks.forEach((pattern, rank) -> {
            requirePattern("rank", pattern);
            LoraConfig.requireRank(rank);
        });
        alphas.forEach((pattern, alpha) -> {
            requirePattern("alpha", pattern);
            LoraConfig.requireAlpha(alpha);
        });
    }

    private static void requirePattern(String setting, String pattern) {
        require(!pattern.isBlank(), setting, "a pattern of names", "none");
        try {
            Pattern.compile(pattern);
        } catch (PatternSyntaxException e) {
            throw BadInputException.ofSetting(
                    setting, "a regular expression", "'" + pattern + "' (" + e.getDescription() + ")");
        }
    }

    /**
     * {@return a copy with other layers}
     *
     * @param newLayers empty for all
     */
    public ProductRules withLayers(List<LayerRange> newLayers) {
        return new ProductRules(newLayers, products, ranks, alphas);
    }

    /**
     * {@return a copy that adapts other products beside the targets}
     *
     * @param patterns of their names
     */
    public ProductRules withProducts(List<String> patterns) {
        return new ProductRules(layers, patterns, ranks, alphas);
    }

    /**
     * {@return a copy with other ranks}
     *
     * @param newRanks by pattern, in order
     */
    public ProductRules withRanks(Map<String, Integer> newRanks) {
        return new ProductRules(layers, products, newRanks, alphas);
    }

    /**
     * {@return a copy with other alphas}
     *
     * @param newAlphas by pattern, in order
     */
    public ProductRules withAlphas(Map<String, Double> newAlphas) {
        return new ProductRules(layers, products, ranks, newAlphas);
    }

    /**
     * {@return whether products of a layer are adapted}
     *
     * @param layer -1 outside layers
     */
    public boolean adapts(int layer) {
        return layer < 0 || layers.isEmpty() || layers.stream().anyMatch(range -> range.contains(layer));
    }

    /**
     * {@return whether a product is one of those beside the targets}
     *
     * @param name as GGUF files have it, without {@code .weight}
     */
    public boolean names(String name) {
        return products.stream().anyMatch(pattern -> isFound(pattern, name));
    }

    /**
     * {@return the rank that a product has of its own}
     *
     * @param name as GGUF files have it
     */
    public Optional<Integer> rank(String name) {
        return first(ranks, name);
    }

    /**
     * {@return the alpha that a product has of its own}
     *
     * @param name as GGUF files have it
     */
    public Optional<Double> alpha(String name) {
        return first(alphas, name);
    }

    private static <V> Optional<V> first(Map<String, V> rules, String name) {
        return rules.entrySet().stream()
                .filter(rule -> isFound(rule.getKey(), name))
                .findFirst()
                .map(Entry::getValue);
    }

    /**
     * {@return whether a pattern is found in a name}
     *
     * @param pattern a regular expression
     * @param name as GGUF files have it
     */
    public static boolean isFound(String pattern, String name) {
        return Pattern.compile(pattern).matcher(name).find();
    }

    /** In the order in which they are written; those alone that say something. */
    List<Setting> settings() {
        List<Setting> settings = new ArrayList<>();
        add(settings, "layers", layers.stream().map(LayerRange::label).collect(Collectors.joining(",")));
        add(settings, "target_patterns", String.join(",", products));
        add(settings, "rank_pattern", joined(ranks));
        add(settings, "alpha_pattern", joined(alphas));
        return settings;
    }

    private static String joined(Map<String, ?> rules) {
        return rules.entrySet().stream()
                .map(rule -> rule.getKey() + "=" + rule.getValue())
                .collect(Collectors.joining(","));
    }

    private static void add(List<Setting> settings, String name, String value) {
        if (!value.isEmpty()) {
            settings.add(Setting.of(name, value));
        }
    }

    /**
     * Neighbouring layers.
     *
     * @param first at least 0
     * @param last at least the first; {@link Integer#MAX_VALUE} for all that follow
     */
    public record LayerRange(int first, int last) {
        private static final Pattern TEXT = Pattern.compile("(\\d{1,5})(-(\\d{1,5})?)?");

        /** @throws BadInputException if there is no such range */
        public LayerRange {
            require(first >= 0 && last >= first, "layers", "ranges that rise from 0", first + "-" + last);
        }

        /**
         * Reads {@code 3}, {@code 0-7} or {@code 8-}, which is all from there.
         *
         * @param text as command lines write it
         * @return the range
         * @throws BadInputException if it is none of these
         */
        public static LayerRange parse(String text) {
            var matcher = TEXT.matcher(text.strip());
            if (!matcher.matches()) {
                throw BadInputException.ofSetting("layers", "ranges like 0-7, 12 or 20-", "'" + text + "'");
            }
            int first = Integer.parseInt(matcher.group(1));
            if (matcher.group(2) == null) {
                return new LayerRange(first, first);
            }
            return new LayerRange(
                    first, matcher.group(3) == null ? Integer.MAX_VALUE : Integer.parseInt(matcher.group(3)));
        }

        /**
         * {@return whether a layer is in it}
         *
         * @param layer from 0
         */
        public boolean contains(int layer) {
            return first <= layer && layer <= last;
        }

        /** {@return the range as {@link #parse} reads it} */
        public String label() {
            return first == last ? "" + first : first + "-" + (last == Integer.MAX_VALUE ? "" : last);
        }
    }
}
