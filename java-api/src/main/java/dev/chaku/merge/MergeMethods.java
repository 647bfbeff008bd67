package dev.chaku.merge;

import dev.chaku.errors.BadInputException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/** The methods by their names; a new one is registered here. */
final class MergeMethods {
    private static final Map<String, Function<MergeSettings, MergeMethod>> KNOWN = known();

    private MergeMethods() {}

    private static Map<String, Function<MergeSettings, MergeMethod>> known() {
        Map<String, Function<MergeSettings, MergeMethod>> known = new LinkedHashMap<>();
        known.put("linear", s -> new MergeMethod.Linear());
        known.put("cat", s -> new MergeMethod.Cat());
        known.put("svd", s -> new MergeMethod.Svd(s.rank()));
        known.put("slerp", s -> new MergeMethod.Slerp(s.rank()));
        for (boolean ofProduct : new boolean[] {false, true}) {
            String suffix = ofProduct ? "_svd" : "";
            Function<MergeSettings, MergeTarget> target =
                    s -> ofProduct ? new MergeTarget.Product(s.rank()) : new MergeTarget.Factors();
            known.put("ties" + suffix, s -> new MergeMethod.Ties(s.density(), s.sign(), target.apply(s)));
            known.put("dare_linear" + suffix, s -> new MergeMethod.DareLinear(s.density(), s.seed(), target.apply(s)));
            known.put(
                    "dare_ties" + suffix,
                    s -> new MergeMethod.DareTies(s.density(), s.seed(), s.sign(), target.apply(s)));
            known.put("magnitude_prune" + suffix, s -> new MergeMethod.MagnitudePrune(s.density(), target.apply(s)));
        }
        return known;
    }

    static List<String> labels() {
        return List.copyOf(KNOWN.keySet());
    }

    static MergeMethod of(String name, MergeSettings settings) {
        Function<MergeSettings, MergeMethod> method =
                KNOWN.get(name.toLowerCase(Locale.ROOT).replace('-', '_'));
        if (method == null) {
            throw BadInputException.ofSetting("method", String.join(", ", KNOWN.keySet()), "'" + name + "'");
        }
        return method.apply(settings);
    }
}
