package dev.chaku.data.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ReferenceData;
import dev.chaku.data.Dataset;
import dev.chaku.data.Example;
import dev.chaku.data.doctor.Finding.Severity;
import dev.chaku.text.BpeTrainer;
import dev.chaku.text.Tokenizer;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DataDoctorTest {
    private static final Tokenizer TOKENIZER = new BpeTrainer(300)
            .bos("<s>")
            .eos("<e>")
            .train(List.of("hello there"))
            .tokenizer();

    private static DataReport check(Dataset data, int maxLength) {
        return DataDoctor.check(new DataDoctor.Request(data, null, null, null, maxLength));
    }

    private static DataReport check(int n, IntFunction<Example> example) {
        return check(Dataset.of(IntStream.range(0, n).mapToObj(example).toList()), 4096);
    }

    private static Finding finding(DataReport report, String id) {
        return report.findings().stream()
                .filter(f -> f.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new AssertionError(id + " is not among " + ids(report)));
    }

    private static List<String> ids(DataReport report) {
        return report.findings().stream().map(Finding::id).toList();
    }

    private static Example pair(int i, String prompt, String completion) {
        return new Example.PromptCompletion("f:" + (i + 1), prompt, completion);
    }

    @Test
    void tellsEveryDefectOnceAndWhereItStands() throws URISyntaxException {
        Path file = Path.of(DataDoctorTest.class.getResource("defects.jsonl").toURI());
        Map<String, String> lines = new TreeMap<>();
        for (Finding finding : check(Dataset.read(file), 4096).findings()) {
            lines.put(
                    finding.id(),
                    finding.places().stream()
                            .map(p -> p.source().replaceAll(".*:", ""))
                            .collect(Collectors.joining(" ")));
        }
        Map<String, String> expected = new TreeMap<>();
        expected.put("broken-decoding", "10");
        expected.put("duplicate", "2");
        expected.put("empty-answer", "6");
        expected.put("few-examples", "");
        expected.put("missing-system", "4");
        expected.put("missing-user", "5");
        expected.put("mixed-formats", "14");
        expected.put("mixed-languages", "11");
        expected.put("near-duplicate", "3");
        expected.put("personal-data", "9");
        expected.put("placeholder", "7");
        expected.put("role-order", "5 6");
        expected.put("secret", "8");
        expected.put("several-answers", "3");
        expected.put("suspicious-characters", "10");
        expected.put("tool-arguments", "13");
        expected.put("upper-case", "12");
        assertEquals(expected, lines);
    }

    @Test
    void allDefectsOfTheToyFileAreTold() {
        Path file = ReferenceData.require("datasets/openai-cookbook/toy_chat_fine_tuning.jsonl");
        DataReport report = check(Dataset.read(file), 4096);
        Map<String, String> places =
                Map.of("missing-system", ":3", "missing-user", ":4", "too-long", ":5", "repetitive-answer", ":5");
        places.forEach((id, line) ->
                assertTrue(finding(report, id).places().get(0).source().endsWith(line), id));
        assertEquals(Severity.WARNING, finding(report, "few-examples").severity());
    }

    @Test
    void worstComesFirst() throws URISyntaxException {
        DataReport report = check(
                Dataset.read(Path.of(
                        DataDoctorTest.class.getResource("defects.jsonl").toURI())),
                4096);
        List<Severity> severities =
                report.findings().stream().map(Finding::severity).toList();
        assertEquals(severities.stream().sorted().toList(), severities);
        assertEquals(3, report.count(Severity.ERROR));
    }

    @Test
    void soundDataHaveNoFinding() {
        String[] words = {"fox", "house", "river", "stone", "cloud", "bread", "night", "garden"};
        DataReport report = check(
                64,
                i -> pair(
                        i,
                        "Say " + words[i % 8] + " and " + words[i / 8] + " in a verse\n\n",
                        words[i / 8] + i + " " + words[i % 8]));
        assertEquals(List.of(), report.findings());
    }

    @Test
    void lengthsAreMeasuredWithTheTokenizer() {
        Dataset data = Dataset.of(List.of(pair(0, "hello", " there"), pair(1, "ab", ""), pair(2, "", "x".repeat(50))));
        DataReport report = DataDoctor.check(new DataDoctor.Request(data, null, TOKENIZER, null, 20));
        DataStats stats = report.stats();
        assertTrue(stats.measured());
        assertEquals(52, stats.percentile(1));
        assertEquals(1, finding(report, "too-long").count());
        assertEquals("f:3", finding(report, "too-long").places().get(0).source());
        assertEquals("f:2", finding(report, "empty-answer").places().get(0).source());
        assertTrue(stats.coverage() > 0.5 && stats.coverage() < 1);
        assertEquals(
                stats.lengths().length,
                stats.histogram().stream().mapToInt(DataStats.Bin::count).sum());
    }

    @Test
    void conversationsThatCannotBeTrainedAreToldWithTheReason() {
        List<Map<String, Object>> messages =
                List.of(Map.of("role", "user", "content", "a"), Map.of("role", "assistant", "content", "b"));
        Dataset data = Dataset.of(List.of(new Example.Chat("f:1", messages, List.of(0f, 0f), List.of())));
        DataReport report = DataDoctor.check(new DataDoctor.Request(
                data,
                null,
                TOKENIZER,
                (all, tools, prompt) ->
                        all.stream().map(m -> m.get("content") + "\n").collect(Collectors.joining()),
                20));
        assertTrue(finding(report, "nothing-trained")
                .places()
                .get(0)
                .detail()
                .startsWith("nothing in this example is trained"));
    }

    @Test
    void conversationsForAModelWithoutATemplateAreAnError() {
        List<Map<String, Object>> messages =
                List.of(Map.of("role", "user", "content", "a"), Map.of("role", "assistant", "content", "b"));
        Dataset data = Dataset.of(List.of(new Example.Chat("f:1", messages, List.of(0f, 1f), List.of())));
        DataReport report = DataDoctor.check(new DataDoctor.Request(data, null, TOKENIZER, null, 20));
        assertEquals("f:1", finding(report, "no-chat-template").places().get(0).source());
        assertFalse(report.stats().measured());
    }

    @Test
    void testDataThatAreTrainedOnAreTold() {
        String asked = "What is the longest river that flows through the old town of Basel?";
        List<Example> train = List.of(pair(0, asked, " The Rhine."), pair(1, "Something else\n", "yes"));
        List<Example> test = List.of(
                pair(6, asked.toUpperCase(Locale.ROOT), " The Birs."),
                pair(7, asked + "!", " The Rhine."),
                pair(8, "A new question\n", "no"));
        DataReport report =
                DataDoctor.check(new DataDoctor.Request(Dataset.of(train), Dataset.of(test), null, null, 99));
        assertEquals(
                List.of(new Finding.Place("f:7", "asked in f:1")),
                finding(report, "test-leak").places());
        assertEquals(
                List.of(new Finding.Place("f:8", "much as f:1")),
                finding(report, "near-test-leak").places());
    }

    @Test
    void promptsAndCompletionsAreLookedAtTogether() {
        String instruction = "Translate the following word to German: ";
        DataReport report = check(12, i -> pair(i, instruction + "word" + (char) ('a' + i), "Answer: Wort" + i));
        assertTrue(ids(report)
                .containsAll(
                        List.of("no-separator", "common-prompt-prefix", "common-answer-prefix", "glued-completion")));
        assertFalse(ids(check(12, i -> pair(i, "w" + i + "\n", "x" + i))).contains("glued-completion"));
        assertFalse(ids(check(12, i -> pair(i, "質問" + i + "？答", "答え" + i))).contains("glued-completion"));
        assertTrue(ids(check(12, i -> pair(i, "w" + i + ": ", " x" + i))).contains("double-space"));
    }

    @Test
    void aFewThatDoWithoutWhatMostHaveAreTold() {
        DataReport report = check(
                20,
                i -> pair(
                        i,
                        "word" + i + (i == 4 ? "" : "\n\n###\n\n"),
                        (i == 5 ? "" : " ") + "x" + i + (i == 6 ? "" : " END.")));
        assertEquals("f:5", finding(report, "missing-separator").places().get(0).source());
        assertEquals(
                "f:6", finding(report, "missing-leading-space").places().get(0).source());
        assertEquals("f:7", finding(report, "missing-ending").places().get(0).source());
        assertFalse(ids(report).contains("no-separator"));
    }

    @Test
    void statsTellWhatTheExamplesAreMadeOf() {
        Dataset data = Dataset.of(IntStream.range(0, 40)
                .mapToObj(i -> pair(i, "q" + i, i % 2 == 0 ? "yes, it is" : "はい、そうです"))
                .toList());
        DataContent content = DataDoctor.stats(new DataDoctor.Request(data, null, null, null, 64))
                .content();
        assertEquals("classification into 2 labels", content.task());
        assertEquals(Map.of("japanese", 20), content.languages());
        assertEquals(Map.of("latin", 20, "han and kana", 20), content.scripts());
        assertEquals(
                List.of(40),
                content.files().stream().map(DataContent.FilePart::examples).toList());
        assertEquals("f", content.files().get(0).file());
        assertEquals(40, content.characterLengths().length);
    }

    @Test
    void columnsThatAreNotReadAreTold() {
        Dataset data = Dataset.of(List.of(pair(0, "a", "b")));
        DataReport report = DataDoctor.check(new DataDoctor.Request(data, null, null, null, 64, Map.of("id", 1)));
        assertEquals(
                List.of(new Finding.Place("", "'id' in 1 record")),
                finding(report, "extra-columns").places());
    }

    @Test
    void formatAndLabelsAreComparedOverTheData() {
        DataReport json = check(20, i -> pair(i, "q" + i + "\n", i == 7 ? "{\"a\": 7" : "{\"a\": " + i + "}"));
        assertEquals("f:8", finding(json, "invalid-json").places().get(0).source());
        DataReport keys = check(20, i -> pair(i, "q" + i + "\n", i == 7 ? "{\"b\": 7}" : "{\"a\": " + i + "}"));
        assertEquals(
                List.of(new Finding.Place("f:8", "[b]")),
                finding(keys, "inconsistent-json").places());
        DataReport labels = check(40, i -> pair(i, "q" + i + "\n", i == 7 ? "rare" : "often"));
        assertEquals(
                "rare: 1 of 40",
                finding(labels, "unbalanced-labels").places().get(0).detail());
        assertFalse(ids(check(40, i -> pair(i, "q" + i + "\n", i % 4 == 0 ? "some" : "often")))
                .contains("unbalanced-labels"));
    }

    @Test
    void aPairWithoutADifferenceIsAnError() {
        List<Map<String, Object>> answer = List.of(Map.of("role", "assistant", "content", "b"));
        List<Example> pairs = new ArrayList<>();
        pairs.add(new Example.Preference(
                "f:1", List.of(Map.of("role", "user", "content", "a")), answer, answer, List.of()));
        assertEquals(
                Severity.ERROR,
                finding(check(Dataset.of(pairs), 99), "equal-pair").severity());
    }
}
