package dev.chaku.internal.generate.grammar;

import dev.chaku.errors.BadInputException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongPredicate;

/**
 * Sets of numbers as automata over the one way in which each is written here: no exponent, no zeros that say nothing,
 * no minus before zero. So sets can be cut and joined; {@link #spelled} lets zeros end a fraction again.
 */
final class NumberSets {
    static final Automaton ALL = regex("0|-?(0\\.[0-9]*[1-9]|[1-9][0-9]*(\\.[0-9]*[1-9])?)");
    static final Automaton INTEGERS = regex("0|-?[1-9][0-9]*");

    /** Any number, in any way that JSON can write one. */
    static final Automaton JSON = regex("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]{1,3})?");

    /** Most digits of a bound. */
    private static final int MOST_DIGITS = 400;

    /** Most states of a set of multiples. */
    private static final int MOST_REMAINDERS = 20_000;

    private static final String SYMBOLS = "-.0123456789";

    private NumberSets() {}

    private static Automaton regex(String pattern) {
        return Regex.whole("number", pattern);
    }

    /** The number as it is written here. */
    static String text(BigDecimal number, String where) {
        BigDecimal plain = number.signum() == 0 ? BigDecimal.ZERO : number.stripTrailingZeros();
        if (Math.abs((long) plain.scale()) > MOST_DIGITS || plain.precision() > MOST_DIGITS) {
            throw new BadInputException(
                    where + ": expected a number of at most " + MOST_DIGITS + " digits, found more");
        }
        return plain.toPlainString();
    }

    /** Numbers of at least a bound, or at most; or more, or less. */
    static Automaton bounded(BigDecimal bound, boolean atLeast, boolean strict, String where) {
        String text = text(bound.abs(), where);
        boolean negative = bound.signum() < 0;
        // Of the sign that the bound has, those farther from zero, or nearer.
        boolean farther = atLeast != negative;
        Automaton side = magnitudes(text, farther, strict);
        Expression same = negative
                ? Expression.sequence(Expression.text("-"), new Expression.Embedded(side))
                : new Expression.Embedded(side);
        Expression other = Expression.NOTHING;
        if (negative == atLeast) {
            Expression any = new Expression.Embedded(regex("[0-9.]+"));
            other = negative ? any : Expression.sequence(Expression.text("-"), any);
        }
        return Automata.both(ALL, Automata.of(Expression.choice(same, other), where));
    }

    /** Unsigned numbers compared with a text digit by digit. */
    private static Automaton magnitudes(String bound, boolean farther, boolean strict) {
        int point = bound.indexOf('.');
        String whole = point < 0 ? bound : bound.substring(0, point);
        String fraction = point < 0 ? "" : bound.substring(point + 1);
        int n = whole.length();
        // A state is {0: whole part, 1: fraction}, digits read, and how they compare so far: 0 less, 1 equal, 2 more.
        return explore(
                code(0, 0, 1),
                (state, symbol) -> {
                    int part = (int) (state >> 40);
                    int read = (int) (state >> 8 & 0xffffffffL);
                    int compared = (int) (state & 0xff);
                    if (symbol == '-' || symbol == '.' && (part == 1 || read == 0)) {
                        return -1;
                    }
                    if (symbol == '.') {
                        return code(1, 0, wholeCompared(read, n, compared));
                    }
                    String digits = part == 0 ? whole : fraction;
                    int against = read < digits.length() ? digits.charAt(read) : part == 0 ? -1 : '0';
                    int next = compared != 1 || against < 0 ? compared : Integer.signum(symbol - against) + 1;
                    int limit = part == 0 ? n + 1 : fraction.length() + 1;
                    return code(part, Math.min(read + 1, limit), next);
                },
                state -> {
                    int part = (int) (state >> 40);
                    int read = (int) (state >> 8 & 0xffffffffL);
                    int compared = (int) (state & 0xff);
                    int all = part == 0 ? wholeCompared(read, n, compared) : compared;
                    if (all == 1) {
                        int left = part == 0 ? 0 : Math.min(read, fraction.length());
                        all = fraction.substring(left).chars().anyMatch(c -> c != '0') ? 0 : 1;
                    }
                    return all == 1 ? !strict : (all == 2) == farther;
                });
    }

    private static int wholeCompared(int read, int n, int compared) {
        return read < n ? 0 : read > n ? 2 : compared;
    }

    private static long code(int part, int read, int compared) {
        return (long) part << 40 | (long) read << 8 | compared;
    }

    /** Multiples of a number above 0. */
    static Automaton multiples(BigDecimal of, String path) {
        BigDecimal plain = of.stripTrailingZeros();
        int scale = Math.max(0, plain.scale());
        BigInteger step = plain.movePointRight(scale).toBigIntegerExact();
        if (scale > 30 || step.bitLength() > 31 || step.intValue() * (long) (scale + 1) > MOST_REMAINDERS) {
            throw SchemaDocument.refused(path, "is " + of + ", a number of too many digits");
        }
        long p = step.longValue();
        Automaton made = explore(
                0,
                (state, symbol) -> {
                    // Digits after the point plus one, 0 before it; then the remainder.
                    int after = (int) (state >> 40);
                    long remainder = state & 0xffffffffffL;
                    if (symbol == '-') {
                        return state;
                    }
                    if (symbol == '.') {
                        return after > 0 || scale == 0 ? -1 : 1L << 40 | remainder;
                    }
                    if (after > scale) {
                        return -1;
                    }
                    return (long) (after > 0 ? after + 1 : 0) << 40 | (remainder * 10 + symbol - '0') % p;
                },
                state -> {
                    int after = Math.max(0, (int) (state >> 40) - 1);
                    BigInteger remainder = BigInteger.valueOf(state & 0xffffffffffL);
                    return remainder
                                    .multiply(BigInteger.TEN.pow(scale - after))
                                    .mod(BigInteger.valueOf(p))
                                    .signum()
                            == 0;
                });
        return Automata.both(ALL, made);
    }

    private interface Step {
        long next(long state, int symbol);
    }

    private static Automaton explore(long start, Step step, LongPredicate isFinal) {
        StateTable table = new StateTable();
        Map<Long, Integer> numbers = new HashMap<>();
        List<Long> order = new ArrayList<>();
        numbers.put(start, 0);
        order.add(start);
        for (int i = 0; i < order.size(); i++) {
            table.begin();
            table.finals.set(i, isFinal.test(order.get(i)));
            for (int s = 0; s < SYMBOLS.length(); s++) {
                long to = step.next(order.get(i), SYMBOLS.charAt(s));
                if (to >= 0) {
                    Integer number = numbers.putIfAbsent(to, order.size());
                    if (number == null) {
                        number = order.size();
                        order.add(to);
                    }
                    table.edge(SYMBOLS.charAt(s), SYMBOLS.charAt(s), number);
                }
            }
        }
        return StateTable.minimized(table.trimmed(true));
    }

    /** The set as it may be written: where there are fractions, zeros may end one. */
    static Automaton spelled(Automaton set) {
        if (Automata.minus(set, INTEGERS).isNothing()) {
            return set;
        }
        AutomatonBuilder builder = new AutomatonBuilder("number");
        int n = set.states();
        for (int i = 0; i < 2 * n; i++) {
            builder.state();
        }
        int zeros = builder.state();
        builder.finals.set(zeros);
        builder.edge(zeros, '0', '0', zeros);
        int point = builder.state();
        builder.edge(point, '0', '0', zeros);
        for (int s = 0; s < n; s++) {
            for (int e = set.edgeStart()[s]; e < set.edgeStart()[s + 1]; e++) {
                int to = set.target()[e];
                boolean isPoint = set.low()[e] <= '.' && set.high()[e] >= '.';
                builder.edge(2 * s, set.low()[e], set.high()[e], isPoint ? 2 * to + 1 : 2 * to);
                builder.edge(2 * s + 1, set.low()[e], set.high()[e], 2 * to + 1);
            }
            if (set.finals().get(s)) {
                builder.finals.set(2 * s);
                builder.finals.set(2 * s + 1);
                builder.edge(2 * s, '.', '.', point);
                builder.edge(2 * s + 1, '0', '0', zeros);
            }
        }
        return Determinizer.deterministicOf(builder, 0);
    }
}
