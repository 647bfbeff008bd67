package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.data.FileShape.Kind;
import dev.chaku.errors.BadInputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FileShapeTest {
    @TempDir
    Path folder;

    private static FileShape shape(String name, String text) {
        return FileShape.of(name, text.replace("~", "\n"), true, Dataset.Options.defaults());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '^',
            quoteCharacter = '`',
            value = {
                "a.csv^prompt,completion~a,b^,",
                "a.csv^prompt;completion~a;b~\"c;c\";d^;",
                "a.csv^promptTcompletion~aTb^T",
                "a.csv^prompt|completion~a|b^|",
                "a.csv^prompt,completion~a;b;c,d^,",
                "a.csv^text~a;b^,",
                "a.csv^q;a~x, y;z~u, v, w;t^;",
                "a.tsv^aTb~1,2T3^T",
                "a.tsv^prompt,completion~a,b^,",
                "a.csv^sep=;~a;b^;",
                "a.csv^prompt,completion~a,b,c~x,y^,",
                "a.csv.gz^a;b~c;d^;",
                "a.txt^promptTcompletion~aTb^T",
                "a.txt^instruction,output~a,b~c,d^,",
                "63^question;answer~a;b^;",
            })
    void separatorsAreSeen(String name, String text, String separator) {
        FileShape shape = shape(name, text.replace('T', '\t'));
        assertEquals(Kind.TABLE, shape.kind());
        assertEquals(separator.replace('T', '\t').charAt(0), shape.separator());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '^',
            quoteCharacter = '`',
            value = {
                "a.jsonl^{\"a\": 1}^LINES",
                "a.txt^{\"a\": 1}~{\"a\": 2}^LINES",
                "a.csv^{\"a\": 1}^LINES",
                "63^{\"a\": 1}^LINES",
                "a.json^[{\"a\": 1}]^ARRAY",
                "a.txt^[{\"a\": 1},~{\"a\": 2}]^ARRAY",
                "a.jsonl^[\"a\"]~[\"b\"]^LINES",
                "a.json^{~\"a\": 1}^VALUES",
                "a.json^{\"version\": 1,~\"data\": []}^VALUES",
                "a.jsonl^nonsense^LINES",
                "a.txt^Once upon a time, there was; a fox.~And so on, for long^TEXT",
                "a.txt^{{ bos }}{% if x %}^TEXT",
                "a.txt^[1] A footnote,~and another^TEXT",
                "a.txt^text^TEXT",
                "a.txt^prompt, completion and all that~a^TEXT",
                "a.txt^int f() {~return 1, 2;}^TEXT",
                "a.txt^{ int a; }^TEXT",
                "a.txt^{\"a\": 1} is JSON.~And more^TEXT",
                "a.txt^{\"a\": 1~{\"a\": 2}^LINES",
                "book^Once upon^LINES",
            })
    void whatStandsThereDecides(String name, String text, Kind kind) {
        assertEquals(kind, shape(name, text).kind());
    }

    @Test
    void aNamedFormatAndColumnsSpeakForATable() {
        Dataset.Options columns = Dataset.Options.defaults().withColumns(ColumnMap.parse("prompt=q,completion=a"));
        assertEquals(
                Kind.TABLE, FileShape.of("x.txt", "q,a\n1,2\n", true, columns).kind());
        assertEquals(
                Kind.TEXT, FileShape.of("x.txt", "u,v\n1,2\n", true, columns).kind());
        Dataset.Options text = Dataset.Options.defaults().withFormat(DataFormat.TEXT);
        assertEquals(
                Kind.TEXT,
                FileShape.of("x.txt", "prompt,completion\n1,2\n", true, text).kind());
        assertEquals(Kind.TEXT, FileShape.of("book", "Once upon", true, text).kind());
    }

    @Test
    void aLastRowThatIsCutDoesNotMatter() {
        assertEquals(
                ';',
                FileShape.of("x.csv", "a;b\n1;2\n3", false, Dataset.Options.defaults())
                        .separator());
        assertEquals(
                ';',
                FileShape.of("x.csv", "a;b\n1;2\n\"3", false, Dataset.Options.defaults())
                        .separator());
    }

    private Path file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    private static String failure(Path file) {
        return assertThrows(BadInputException.class, () -> Dataset.read(file)).getMessage();
    }

    @Test
    void tablesAreReadByWhatIsSeen() throws IOException {
        Path sep = file("sep.csv", "sep=;\nprompt;completion\na;b\n");
        assertEquals(
                List.of(new Example.PromptCompletion(sep + ":3", "a", "b")),
                Dataset.read(sep).examples());
        Path spaced = file("spaced.csv", "\uFEFF prompt , completion\na,b\n");
        assertEquals(
                List.of(new Example.PromptCompletion(spaced + ":2", "a", "b")),
                Dataset.read(spaced).examples());
        Path txt = file("t.txt", "prompt\tcompletion\na\tb\n");
        assertEquals(
                List.of(new Example.PromptCompletion(txt + ":2", "a", "b")),
                Dataset.read(txt).examples());
        Path lines = file("l.txt", "{\"prompt\": \"a\", \"completion\": \"b\"}\n");
        assertEquals(
                List.of(new Example.PromptCompletion(lines + ":1", "a", "b")),
                Dataset.read(lines).examples());
        Path joined = file("joined.jsonl", "{\"text\": \"a\"}\n\uFEFF{\"text\": \"b\"}\n");
        assertEquals(2, Dataset.read(joined).examples().size());
        assertTrue(failure(file("twice.csv", "prompt,completion,prompt\na,b,c\n"))
                .contains("header: expected a name of its own for each column, found two of 'prompt'"));
    }

    @Test
    void filesThatAreNoTextAreNamed() throws IOException {
        for (String[] known : new String[][] {
            {"GGUF\u0003\u0000", "a GGUF file"}, {"PK\u0003\u0004", "a zip file"}, {"(\u00b5/\u00fd", "a zstd file"}
        }) {
            Path file = Files.write(folder.resolve("x.jsonl"), known[0].getBytes(StandardCharsets.ISO_8859_1));
            String message = failure(file);
            assertTrue(message.startsWith(file + ": expected a data file, found " + known[1]), message);
        }
    }

    /** Data that come through a pipe are read once, whatever they are. */
    @Test
    void pipesAreRead() throws Exception {
        Path pipe = folder.resolve("pipe");
        int made;
        try {
            made = new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor();
        } catch (IOException e) {
            made = -1;
        }
        Assumptions.assumeTrue(made == 0, "no named pipes here");
        String table = "prompt,completion\n" + "a,b\n".repeat(20_000);
        assertEquals(20_000, throughPipe(pipe, table, Dataset.Options.defaults()));
        assertEquals(
                20_000,
                throughPipe(
                        pipe,
                        table.replace(",", "\t"),
                        Dataset.Options.defaults().withInMemoryBytes(Long.MAX_VALUE)));
        assertEquals(3, throughPipe(pipe, "{\"text\": \"a\"}\n".repeat(3), Dataset.Options.defaults()));
        String message = assertThrows(BadInputException.class, () -> throughPipe(pipe, "", Dataset.Options.defaults()))
                .getMessage();
        assertEquals(pipe + ": expected at least one example, found none", message);
    }

    private static int throughPipe(Path pipe, String text, Dataset.Options options) throws Exception {
        Thread writer = new Thread(() -> {
            try {
                Files.writeString(pipe, text);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        writer.start();
        int n;
        try {
            List<Example> examples = Dataset.read(List.of(pipe), options).examples();
            n = examples.size();
            assertEquals(examples.get(0).promptKey(), examples.get(n - 1).promptKey());
        } finally {
            writer.join();
        }
        return n;
    }
}
