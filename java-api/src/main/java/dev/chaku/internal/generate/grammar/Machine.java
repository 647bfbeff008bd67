package dev.chaku.internal.generate.grammar;

import dev.chaku.errors.BadInputException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads bytes after a network of rules: a pushdown automaton whose states are made when they are first met and then
 * remembered. Not thread-safe.
 *
 * <p>It follows all readings at once. Calls of one rule from one place in the text share a stack node that holds all
 * who wait for its end, as the sets of an Earley parser do [1], so that ambiguous grammars take polynomial time. A call
 * that nothing follows takes over its caller's node, so that right recursion takes no stack. Since no rule begins with
 * itself, nodes form no circle and equal ones can be found by their content: a text in an inner list comes back to the
 * states that were met in it before.
 *
 * <p>[1] Earley, An efficient context-free parsing algorithm, CACM 13(2), 1970.
 */
final class Machine {
    /** States and nodes after which all are forgotten. */
    private static final int MOST_REMEMBERED = 100_000;

    private final Network network;
    private final String what;
    private final Map<IntKey, ParseState> states = new HashMap<>();
    private final Map<IntKey, StackNode> nodes = new HashMap<>();

    /** Follows the root: the text may end. */
    private final StackNode rootNode = new StackNode(0, new int[0], new StackNode[0]);

    /** Stands for callers that are not known. */
    private final StackNode unknownNode = new StackNode(1, new int[0], new StackNode[0]);

    /** What no text leads to. */
    final ParseState dead;

    private int lastNode = 1;
    private int lastState;
    private ParseState start;
    private int generation;

    /** @param what that messages name */
    Machine(Network network, String what) {
        this.network = network;
        this.what = what;
        this.dead = new ParseState(0, new int[0], new StackNode[0], false, false);
        this.start = begin();
    }

    Network network() {
        return network;
    }

    /** Before any text. */
    ParseState start() {
        return start;
    }

    /** Becomes another number when all was forgotten. */
    int generation() {
        return generation;
    }

    /** Forgets all states, so that memory stays bounded; those in use stay right. */
    void forget() {
        states.clear();
        nodes.clear();
        generation++;
        start = begin();
    }

    private ParseState begin() {
        Closure closure = new Closure();
        closure.add(network.root, rootNode);
        return closure.finish();
    }

    /** What a byte leads to; {@link #dead} where it may not come. */
    ParseState next(ParseState state, int value) {
        int kind = network.classOf[value] & 0xff;
        ParseState known = state.next(kind);
        if (known != null) {
            return known;
        }
        Closure closure = new Closure();
        for (int i = 0; i < state.positions.length; i++) {
            int position = state.positions[i];
            for (int e = network.bytesFrom[position]; e < network.callsFrom[position]; e++) {
                if (value >= network.low[e] && value <= network.high[e]) {
                    closure.add(network.target[e], state.nodes[i]);
                }
            }
        }
        ParseState made = closure.finish();
        state.setNext(kind, network.classes, made);
        return made;
    }

    /** What a token leads to that the grammar names. */
    ParseState nextToken(ParseState state, int token) {
        Closure closure = new Closure();
        for (int i = 0; i < state.positions.length; i++) {
            int position = state.positions[i];
            for (int e = network.tokensFrom[position]; e < network.bytesFrom[position + 1]; e++) {
                if (network.tokens(e).has(token)) {
                    closure.add(network.target[e], state.nodes[i]);
                }
            }
        }
        return closure.finish();
    }

    /** The ways of two states together. */
    ParseState union(ParseState a, ParseState b) {
        if (a == dead || b == dead) {
            return a == dead ? b : a;
        }
        long[] ways = new long[a.positions.length + b.positions.length];
        Map<Integer, StackNode> byId = new HashMap<>();
        int n = 0;
        for (ParseState from : List.of(a, b)) {
            for (int i = 0; i < from.positions.length; i++) {
                ways[n++] = (long) from.positions[i] << 32 | from.nodes[i].id;
                byId.put(from.nodes[i].id, from.nodes[i]);
            }
        }
        ways = Arrays.stream(ways).sorted().distinct().toArray();
        return state(ways, byId, a.accepting || b.accepting, a.escapes || b.escapes);
    }

    /** What the end of a rule leads to. */
    ParseState after(StackNode node) {
        ParseState known = node.after;
        if (known == null) {
            Closure closure = new Closure();
            for (int i = 0; i < node.returns.length; i++) {
                closure.add(node.returns[i], node.parents[i]);
            }
            known = closure.finish();
            node.after = known;
        }
        return known;
    }

    /** One state of the network alone, its callers unknown. */
    ParseState alone(int position) {
        return state(new long[] {(long) position << 32 | unknownNode.id}, Map.of(1, unknownNode), false, false);
    }

    private ParseState state(long[] ways, Map<Integer, StackNode> byId, boolean accepting, boolean escapes) {
        if (ways.length == 0 && !accepting && !escapes) {
            return dead;
        }
        int[] key = new int[2 * ways.length + 1];
        key[0] = (accepting ? 1 : 0) + (escapes ? 2 : 0);
        for (int i = 0; i < ways.length; i++) {
            key[2 * i + 1] = (int) (ways[i] >>> 32);
            key[2 * i + 2] = (int) ways[i];
        }
        IntKey interned = new IntKey(key);
        ParseState known = states.get(interned);
        if (known == null) {
            int[] positions = new int[ways.length];
            StackNode[] stacks = new StackNode[ways.length];
            for (int i = 0; i < ways.length; i++) {
                positions[i] = key[2 * i + 1];
                stacks[i] = byId.get(key[2 * i + 2]);
            }
            known = new ParseState(++lastState, positions, stacks, accepting, escapes);
            states.put(interned, known);
        }
        return known;
    }

    /** Whether so much is remembered that it is time to {@link #forget}. */
    boolean isFull() {
        return states.size() + nodes.size() > MOST_REMEMBERED;
    }

    private StackNode node(long[] ways, Map<Integer, StackNode> byId) {
        int[] key = new int[2 * ways.length];
        for (int i = 0; i < ways.length; i++) {
            key[2 * i] = (int) (ways[i] >>> 32);
            key[2 * i + 1] = (int) ways[i];
        }
        IntKey interned = new IntKey(key);
        StackNode known = nodes.get(interned);
        if (known == null) {
            int[] returns = new int[ways.length];
            StackNode[] parents = new StackNode[ways.length];
            for (int i = 0; i < ways.length; i++) {
                returns[i] = key[2 * i];
                parents[i] = byId.get(key[2 * i + 1]);
            }
            known = new StackNode(++lastNode, returns, parents);
            nodes.put(interned, known);
        }
        return known;
    }

    /** Those who wait for the end of a rule that was called here, while more may come. */
    private static final class Waiting {
        final Set<Long> ways = new HashSet<>();
        int id = -1;
    }

    /**
     * All places that are reached without a byte: ends of rules first, which lead to nodes that are complete, then
     * calls. A way is a state of the network and a node; nodes of rules that are called here are numbered by the rule,
     * below 0, until they are complete.
     */
    private final class Closure {
        private final Set<Long> seen = new HashSet<>();
        private final List<Long> ways = new ArrayList<>();
        private final Map<Integer, StackNode> byId = new HashMap<>();
        private final Map<Integer, Waiting> called = new HashMap<>();
        private boolean accepting;
        private boolean escapes;

        void add(int position, StackNode node) {
            byId.put(node.id, node);
            add(position, node.id);
        }

        private void add(int position, int node) {
            long way = (long) position << 32 | node & 0xffffffffL;
            if (seen.add(way)) {
                if (ways.size() >= FormLimits.WAYS) {
                    throw new BadInputException(what + ": expected a form that can be read in at most "
                            + FormLimits.WAYS + " ways at once, found more");
                }
                ways.add(way);
            }
        }

        ParseState finish() {
            for (int i = 0; i < ways.size(); i++) {
                end((int) (ways.get(i) >>> 32), byId.get((int) (long) ways.get(i)));
            }
            for (int i = 0; i < ways.size(); i++) {
                call((int) (ways.get(i) >>> 32), (int) (long) ways.get(i));
            }
            called.keySet().forEach(this::complete);
            long[] taking = new long[ways.size()];
            int n = 0;
            for (long way : ways) {
                int node = (int) way;
                if (network.takes((int) (way >>> 32))) {
                    int id = node < 0 ? called.get(node).id : node;
                    taking[n++] = way & 0xffffffff00000000L | id;
                }
            }
            taking = Arrays.stream(taking, 0, n).sorted().distinct().toArray();
            return state(taking, byId, accepting, escapes);
        }

        private void end(int position, StackNode node) {
            if (!network.finals.get(position)) {
                return;
            }
            accepting |= node == rootNode;
            escapes |= node == unknownNode;
            for (int i = 0; i < node.returns.length; i++) {
                add(node.returns[i], node.parents[i]);
            }
        }

        private void call(int position, int node) {
            for (int e = network.callsFrom[position]; e < network.tokensFrom[position]; e++) {
                int rule = network.called(e);
                int target = network.target[e];
                if (network.ends.get(target)) {
                    add(network.ruleStart[rule], node);
                    continue;
                }
                Waiting waiting = called.computeIfAbsent(-1 - rule, key -> new Waiting());
                waiting.ways.add((long) target << 32 | node & 0xffffffffL);
                add(network.ruleStart[rule], -1 - rule);
            }
        }

        /** Makes the node of a rule that was called here, after those that it leads to. */
        private void complete(int first) {
            List<Integer> stack = new ArrayList<>(List.of(first));
            while (!stack.isEmpty()) {
                int top = stack.get(stack.size() - 1);
                Waiting waiting = called.get(top);
                boolean ready = true;
                if (waiting.id < 0) {
                    for (long way : waiting.ways) {
                        int parent = (int) way;
                        if (parent < 0 && called.get(parent).id < 0) {
                            stack.add(parent);
                            ready = false;
                        }
                    }
                }
                if (ready) {
                    stack.remove(stack.size() - 1);
                    if (waiting.id < 0) {
                        long[] done = waiting.ways.stream()
                                .mapToLong(way -> (int) (long) way < 0
                                        ? way & 0xffffffff00000000L | called.get((int) (long) way).id
                                        : way)
                                .sorted()
                                .distinct()
                                .toArray();
                        StackNode made = node(done, byId);
                        byId.put(made.id, made);
                        waiting.id = made.id;
                    }
                }
            }
        }
    }
}
