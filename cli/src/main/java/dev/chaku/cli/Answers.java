package dev.chaku.cli;

import dev.chaku.Generator;
import dev.chaku.errors.BadInputException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.generate.Generation;
import dev.chaku.generate.TokenLogprob;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Semaphore;

/** Answers that are generated beside each other and told in order, each as a line of JSON. Not thread-safe. */
final class Answers implements AutoCloseable {
    private record Pending(String what, CompletableFuture<Generation> answer) {}

    private final Console console;
    private final Semaphore places;
    private final ArrayDeque<Pending> pending = new ArrayDeque<>();

    /** @param atOnce answers that are generated at once */
    Answers(Console console, int atOnce) {
        this.console = console;
        this.places = new Semaphore(atOnce);
    }

    /** What is said of an answer. */
    static Map<String, Object> fields(Generation generation) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("text", generation.text());
        fields.put("tokens", generation.tokens());
        fields.put("finish_reason", generation.finishReason().label());
        generation.form().ifPresent(result -> {
            fields.put("form_complete", result.complete());
            if (!result.choices().isEmpty()) {
                fields.put("choices", result.choices());
            }
        });
        if (!generation.logprobs().isEmpty()) {
            fields.put("logprobs", logprobs(generation.logprobs(), true));
        }
        fields.put("prompt_tokens", generation.promptTokens());
        fields.put("cached_tokens", generation.cachedTokens());
        fields.put("queued_s", generation.times().queued().toNanos() / 1e9);
        fields.put("first_token_s", generation.times().firstToken().toNanos() / 1e9);
        fields.put("prefill_tokens_per_s", generation.prefillTokensPerSecond());
        fields.put("decode_tokens_per_s", generation.decodeTokensPerSecond());
        fields.put("drafted_tokens", generation.draftedTokens());
        fields.put("accepted_tokens", generation.acceptedTokens());
        return fields;
    }

    private static List<Map<String, Object>> logprobs(List<TokenLogprob> tokens, boolean withTop) {
        return tokens.stream()
                .map(token -> {
                    Map<String, Object> one = new LinkedHashMap<>();
                    one.put("id", token.id());
                    one.put("piece", token.piece());
                    one.put("logprob", token.logprob());
                    if (withTop && !token.top().isEmpty()) {
                        one.put("top", logprobs(token.top(), false));
                    }
                    return one;
                })
                .toList();
    }

    /**
     * Has an answer generated, once there is a place.
     *
     * @param what messages call it
     */
    void add(String what, Generator generator) {
        try {
            places.acquire();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new OperationCancelledException("the generation was interrupted");
        }
        CompletableFuture<Generation> answer;
        try {
            answer = generator.generateAsync();
        } catch (BadInputException e) {
            throw named(what, e);
        }
        answer.whenComplete((generation, failure) -> places.release());
        pending.add(new Pending(what, answer));
        while (!pending.isEmpty() && pending.peek().answer().isDone()) {
            tell(pending.remove());
        }
    }

    /** Tells the others. */
    void finish() {
        while (!pending.isEmpty()) {
            tell(pending.remove());
        }
    }

    private void tell(Pending next) {
        try {
            console.json(fields(next.answer().join()));
        } catch (CompletionException e) {
            if (e.getCause() instanceof BadInputException problem) {
                throw named(next.what(), problem);
            }
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw e;
        }
    }

    private static BadInputException named(String what, BadInputException problem) {
        return new BadInputException(what + ": " + problem.getMessage(), problem);
    }

    /** Ends those that were not told. */
    @Override
    public void close() {
        for (Iterator<Pending> left = pending.iterator(); left.hasNext(); left.remove()) {
            left.next().answer().cancel(true);
        }
    }
}
