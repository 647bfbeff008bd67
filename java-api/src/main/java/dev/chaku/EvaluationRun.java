package dev.chaku;

import dev.chaku.data.ChatRenderer;
import dev.chaku.data.Dataset;
import dev.chaku.data.Example;
import dev.chaku.data.PromptEncoder;
import dev.chaku.errors.BadInputException;
import dev.chaku.eval.Answer;
import dev.chaku.eval.Check;
import dev.chaku.eval.Comparison;
import dev.chaku.eval.Evaluation;
import dev.chaku.eval.Metric;
import dev.chaku.eval.Metrics;
import dev.chaku.eval.VariantResult;
import dev.chaku.generate.ContinuationScore;
import dev.chaku.generate.FinishReason;
import dev.chaku.generate.Generation;
import dev.chaku.internal.adapter.ModelFingerprint;
import dev.chaku.internal.eval.AnswerLog;
import dev.chaku.internal.eval.Question;
import dev.chaku.internal.eval.QuestionReader;
import dev.chaku.internal.eval.Tally;
import dev.chaku.internal.eval.measure.CopiedPassages;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** One evaluation: reads the questions, asks each variant all of them, and adds up. */
final class EvaluationRun {
    private static final int MOST_CHOICES = 64;
    /** Room for examples that stand before questions is left out of what a question may have. */
    private static final int LEAST_ANSWER = 16;

    private final Evaluator options;
    private final Model model;
    private final @Nullable ChatRenderer chat;
    private final QuestionReader reader;
    private final List<Example> asked = new ArrayList<>();
    private final List<Integer> indexes = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();
    private final String modelKey;
    private String stop = "";
    private List<String> labels = List.of();
    private int done;
    private int all;

    EvaluationRun(Evaluator options) {
        this.options = options;
        this.model = options.model;
        this.chat = options.chat != null
                ? options.chat
                : model.chat().map(ChatRenderer::of).orElse(null);
        this.reader = new QuestionReader(model.tokenizer(), chat, model.contextLength());
        this.modelKey = model.loaded().file().map(ModelFingerprint::of).orElse(model.toString());
    }

    Evaluation run() {
        List<List<Question>> questions = read();
        List<Metric> metrics = metrics(questions.get(0));
        String deciding = deciding(metrics, questions.get(0));
        Tally tally = new Tally(metrics, deciding, options.seed);
        int maxTokens = options.generating ? maxTokens(questions.get(0)) : 0;
        List<VariantResult> results = new ArrayList<>();
        CopiedPassages passages = options.trained == null ? null : passages(options.trained);
        EvaluationChecks checks = new EvaluationChecks(options, reader, asked, this::step);
        all = questions.stream().mapToInt(List::size).sum()
                + checks.steps((int) options.variants.stream()
                        .filter(variant -> variant.adapter() != null)
                        .count());
        for (int v = 0; v < options.variants.size(); v++) {
            Evaluator.Variant variant = options.variants.get(v);
            Asking asking = new Asking(variant, maxTokens, tally);
            int copied = passages == null ? -1 : 0;
            int inReference = 0;
            for (Question question : questions.get(v)) {
                String answer = asking.ask(question);
                if (passages != null) {
                    copied = Math.max(copied, passages.longest(answer));
                    inReference = Math.max(inReference, passages.longest(question.reference()));
                }
                step();
            }
            results.add(tally.result(variant.name(), copied, asking.generalLoss(checks)));
            if (passages != null && variant.adapter() != null) {
                checks.checkCopied(variant.name(), inReference, copied);
            }
        }
        warn(results, checks.checks());
        List<Comparison> comparisons = tally.comparisons();
        return new Evaluation(
                deciding,
                asked.size(),
                results,
                comparisons,
                tally.advice(results, comparisons, this::isAdapter),
                checks.checks(),
                warnings);
    }

    private void step() {
        options.listener.accept(++done, all);
    }

    private boolean isAdapter(String name) {
        return options.variants.stream().anyMatch(variant -> variant.name().equals(name) && variant.adapter() != null);
    }

    /** The questions of each variant: the same examples for all, those that fit with the most examples before them. */
    private List<List<Question>> read() {
        choose();
        List<List<Question>> byVariant = new ArrayList<>();
        options.variants.forEach(variant -> byVariant.add(new ArrayList<>()));
        int tooLong = 0;
        int fewShots = Integer.MAX_VALUE;
        List<Example> from = options.shots == null ? options.data.examples() : options.shots.examples();
        for (int i = 0; i < asked.size(); i++) {
            List<Question> row = new ArrayList<>();
            for (Evaluator.Variant variant : options.variants) {
                List<Example> shots = variant.shots() == 0
                        ? List.of()
                        : QuestionReader.shots(from, asked.get(i), variant.shots(), options.seed);
                if (shots.size() < variant.shots()) {
                    fewShots = Math.min(fewShots, shots.size());
                }
                reader.read(indexes.get(i), asked.get(i), shots)
                        .filter(question -> question.prompt().length + LEAST_ANSWER <= model.contextLength())
                        .ifPresent(row::add);
            }
            if (row.size() == options.variants.size()) {
                for (int v = 0; v < row.size(); v++) {
                    byVariant.get(v).add(row.get(v));
                }
            } else {
                tooLong++;
            }
        }
        if (tooLong > 0) {
            warnings.add(tooLong + " examples are left out: with their prompts they are longer than the context of "
                    + model.contextLength() + " tokens");
        }
        if (fewShots < Integer.MAX_VALUE) {
            warnings.add("some prompts have fewer examples than asked for, " + fewShots
                    + " at least: the data to draw them from have no more of that kind");
        }
        if (byVariant.get(0).isEmpty()) {
            throw new BadInputException("evaluation: expected examples that fit into the context of "
                    + model.contextLength() + " tokens, found none of " + asked.size());
        }
        return byVariant;
    }

    private void choose() {
        List<Example> all = options.data.examples();
        int passed = 0;
        for (int i = 0; i < all.size() && asked.size() < options.limit; i++) {
            Example example = all.get(i);
            if (QuestionReader.asks(example)) {
                asked.add(example);
                indexes.add(i);
            } else {
                passed++;
            }
        }
        if (asked.isEmpty()) {
            throw new BadInputException(
                    "evaluation: expected examples with a prompt and an answer, found none; the loss of plain texts is what generalText measures");
        }
        if (passed > 0) {
            warnings.add(passed + " examples are left out: they have no prompt with an answer");
        }
        boolean chats = asked.stream().anyMatch(example -> !(example instanceof Example.PromptCompletion));
        if (chats && chat != null) {
            stop = new PromptEncoder(model.tokenizer()).turnEnd(chat);
        }
    }

    private List<Metric> metrics(List<Question> questions) {
        List<String> references = questions.stream().map(Question::reference).toList();
        if (options.choosing) {
            Set<String> different = new HashSet<>(references);
            if (different.size() > MOST_CHOICES) {
                throw BadInputException.ofSetting(
                        "choosing", "at most " + MOST_CHOICES + " different answers", different.size());
            }
            labels = references.stream().distinct().sorted().toList();
        }
        if (!options.generating) {
            return List.of();
        }
        return options.metrics.isEmpty() ? Metrics.suited(references) : options.metrics;
    }

    private String deciding(List<Metric> metrics, List<Question> questions) {
        boolean choices = !labels.isEmpty()
                || questions.stream().allMatch(question -> !question.choices().isEmpty());
        if (!options.metrics.isEmpty() && options.generating) {
            return metrics.get(0).name();
        }
        return choices
                ? Tally.CHOICE
                : metrics.isEmpty() ? Tally.LOSS : metrics.get(0).name();
    }

    private int maxTokens(List<Question> questions) {
        if (options.maxTokens > 0) {
            return options.maxTokens;
        }
        int longest = questions.stream()
                .mapToInt(question -> question.answer().length)
                .max()
                .orElse(0);
        return longest + longest / 2 + LEAST_ANSWER;
    }

    private CopiedPassages passages(Dataset trained) {
        List<String> answers = new ArrayList<>();
        for (Example example : trained.examples()) {
            if (QuestionReader.asks(example)) {
                reader.read(0, example, List.of()).ifPresent(question -> answers.add(question.reference()));
            } else if (example instanceof Example.Text text) {
                answers.add(text.text());
            }
        }
        CopiedPassages passages = new CopiedPassages(answers);
        if (!passages.isWhole()) {
            warnings.add("copied passages were looked for in the first " + CopiedPassages.MOST_WORDS
                    + " words of the training data");
        }
        return passages;
    }

    private void warn(List<VariantResult> results, List<Check> checks) {
        for (VariantResult result : results) {
            if (result.cutAnswers() > 0) {
                warnings.add(result.name() + ": " + result.cutAnswers() + " of "
                        + result.metrics().values().iterator().next().examples()
                        + " answers reached the limit of tokens and were cut");
            }
        }
        checks.stream()
                .filter(check -> !check.passed())
                .forEach(check -> warnings.add(check.variant() + ": " + check.text()));
    }

    /** A variant at work. */
    private final class Asking {
        private final Evaluator.Variant variant;
        private final Tally tally;
        private final int maxTokens;
        private final Scorer scorer;
        private final Generator generator;
        private final List<String> who;

        Asking(Evaluator.Variant variant, int maxTokens, Tally tally) {
            this.variant = variant;
            this.tally = tally;
            this.maxTokens = maxTokens;
            this.scorer = model.scorer();
            this.generator = model.generator().temperature(0).maxTokens(maxTokens);
            if (!stop.isEmpty()) {
                generator.stop(stop);
            }
            String adapterKey = "";
            if (variant.adapter() != null) {
                scorer.adapter(variant.adapter(), variant.scale());
                generator.adapter(variant.adapter(), variant.scale());
                adapterKey = variant.adapter().loaded().weights().contentHash() + "*" + variant.scale();
            }
            String choices = labels.stream().collect(Collectors.joining("\n"));
            this.who = List.of(modelKey, adapterKey, "tokens " + maxTokens, "stop " + stop, choices);
        }

        /** The answer. */
        String ask(Question question) {
            String key = AnswerLog.key(who, question);
            Optional<AnswerLog.Entry> kept = options.log.find(key);
            AnswerLog.Entry entry = kept.orElseGet(() -> answer(key, question));
            Tally.Outcome outcome = outcome(question, entry);
            options.answerListener.accept(variant.name(), outcome.answer());
            Map<String, Double> scores = tally.add(variant.name(), outcome);
            if (kept.isEmpty()) {
                options.log.add(
                        variant.name(), question, model.tokenizer().decode(question.prompt(), true), entry, scores);
            }
            return entry.text();
        }

        private AnswerLog.Entry answer(String key, Question question) {
            String text = "";
            FinishReason reason = FinishReason.LENGTH;
            int tokens = 0;
            double seconds = 0;
            if (maxTokens > 0) {
                long start = System.nanoTime();
                Generation generation = generator.tokens(question.prompt()).generate();
                seconds = (System.nanoTime() - start) / 1e9;
                text = generation.text();
                reason = generation.finishReason();
                tokens = generation.tokens().length;
            }
            ContinuationScore score = scorer.score(question.prompt(), question.answer());
            return new AnswerLog.Entry(
                    key, text, reason, tokens, seconds, score.logprob(), question.answer().length, chosen(question));
        }

        private List<String> choices(Question question) {
            return question.choices().isEmpty() ? labels : question.choices();
        }

        private int chosen(Question question) {
            List<String> choices = choices(question);
            if (choices.isEmpty()) {
                return -1;
            }
            List<ContinuationScore> scores = scorer.scoreEach(question.prompt(), choices);
            int best = 0;
            for (int i = 1; i < scores.size(); i++) {
                best = scores.get(i).logprob() > scores.get(best).logprob() ? i : best;
            }
            return best;
        }

        private Tally.Outcome outcome(Question question, AnswerLog.Entry entry) {
            List<String> choices = choices(question);
            double right = entry.chosen() < 0
                    ? Double.NaN
                    : choices.get(entry.chosen()).equals(question.reference()) ? 1 : 0;
            return new Tally.Outcome(
                    new Answer(
                            question.index(),
                            question.example().source(),
                            question.reference(),
                            entry.text(),
                            entry.finishReason()),
                    question.prompt().length,
                    entry.tokens(),
                    entry.seconds(),
                    entry.logprob(),
                    entry.referenceTokens(),
                    right);
        }

        /** The loss on the general text, and with it what is checked of adapters. */
        double generalLoss(EvaluationChecks checks) {
            if (variant.adapter() != null) {
                return checks.check(variant.name(), scorer);
            }
            return variant.shots() > 0 || options.general == null ? Double.NaN : checks.generalLossOfBase();
        }
    }
}
