package dev.chaku.cli;

import dev.chaku.Adapter;
import dev.chaku.Evaluator;
import dev.chaku.Model;
import dev.chaku.Trainer;
import dev.chaku.data.ChatRenderer;
import dev.chaku.data.Dataset;
import dev.chaku.data.Example;
import dev.chaku.errors.ChakuException;
import dev.chaku.eval.Check;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a report of a training shows beside its log: answers to a few examples by the base, on the way and at the end,
 * and whether the adapter over-fits, forgot or learned by heart. What fails here is noted and ends no training.
 */
final class ReportSamples {
    private static final int EXAMPLES = 4;
    private static final int MOST_TOKENS = 128;
    private static final int TIMES_ON_THE_WAY = 3;

    /** A question with its right answer, and what was answered, by when. */
    record Sample(String prompt, String reference, Map<String, String> answers) {}

    private final Console console;
    private final Model model;
    private final @Nullable ChatRenderer chat;
    private final List<Example> asked;
    private final Map<Integer, Sample> samples = new LinkedHashMap<>();
    private final List<Check> checks = new ArrayList<>();

    /**
     * @param examples those with a prompt and an answer among them are asked, the first few
     * @param chat in place of the model's own template
     */
    ReportSamples(Console console, Model model, List<Example> examples, @Nullable ChatRenderer chat) {
        this.console = console;
        this.model = model;
        this.chat = chat;
        this.asked = examples.stream()
                .filter(example -> !prompt(example).isEmpty())
                .limit(EXAMPLES)
                .toList();
    }

    /** What is asked, in words; empty for an example that asks nothing. */
    private static String prompt(Example example) {
        if (example instanceof Example.PromptCompletion pair) {
            return pair.prompt();
        }
        Example.Chat chat = example instanceof Example.Chat own
                ? own
                : example instanceof Example.Preference pair
                        ? pair.chosenChat()
                        : example instanceof Example.Labelled labelled && labelled.wanted() ? labelled.chat() : null;
        if (chat == null) {
            return "";
        }
        int end = chat.messages().size();
        while (end > 0 && !"assistant".equals(chat.messages().get(end - 1).get("role"))) {
            end--;
        }
        StringBuilder text = new StringBuilder();
        for (Map<String, Object> message : chat.messages().subList(0, Math.max(0, end - 1))) {
            text.append(text.isEmpty() ? "" : "\n")
                    .append(message.get("role"))
                    .append(": ")
                    .append(message.get("content"));
        }
        return text.toString();
    }

    /** Asks the base, and the adapter on its way. */
    void watch(Trainer trainer) {
        if (asked.isEmpty()) {
            return;
        }
        guarded(() -> evaluator("base", null).evaluate());
        trainer.snapshots(TIMES_ON_THE_WAY, (progress, adapter) -> evaluator("step " + progress.step(), adapter)
                .evaluate());
    }

    /** Asks the adapter that came of it, and checks it. */
    void end(Path file, int step, Dataset trained, @Nullable Dataset general) {
        if (asked.isEmpty()) {
            return;
        }
        guarded(() -> {
            try (Adapter adapter = Adapter.load(file)) {
                Evaluator evaluator = evaluator("step " + step, adapter).trainedOn(trained);
                if (general != null) {
                    evaluator.generalText(general);
                }
                // Four examples say nothing of over-fitting: the validation does.
                evaluator.evaluate().checks().stream()
                        .filter(check -> !check.name().equals("over_fitting"))
                        .forEach(checks::add);
            }
        });
    }

    private Evaluator evaluator(String name, @Nullable Adapter adapter) {
        Evaluator evaluator = Evaluator.of(model, Dataset.of(asked)).maxTokens(MOST_TOKENS);
        if (chat != null) {
            evaluator.chat(chat);
        }
        return (adapter == null ? evaluator.bare() : evaluator.adapter(name, adapter, 1))
                .onAnswer((variant, answer) -> samples.computeIfAbsent(
                                answer.index(),
                                index ->
                                        new Sample(prompt(asked.get(index)), answer.reference(), new LinkedHashMap<>()))
                        .answers()
                        .put(name, answer.text()));
    }

    private void guarded(Runnable work) {
        try {
            work.run();
        } catch (ChakuException e) {
            console.note("note: the report has no more sample answers: " + e.getMessage());
        }
    }

    List<Sample> samples() {
        return List.copyOf(samples.values());
    }

    List<Check> checks() {
        return List.copyOf(checks);
    }
}
