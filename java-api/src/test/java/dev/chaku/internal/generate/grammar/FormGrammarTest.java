package dev.chaku.internal.generate.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ReferenceData;
import dev.chaku.errors.BadInputException;
import dev.chaku.generate.OutputForm;
import dev.chaku.gguf.GgufFile;
import dev.chaku.text.Tokenizer;
import dev.chaku.text.Tokenizers;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.xml.sax.ErrorHandler;
import org.xml.sax.InputSource;
import org.xml.sax.SAXParseException;

/** Forms that are made of others, and XML. */
class FormGrammarTest {
    private static FormCompiler compiler;
    private static Tokenizer tokenizer;

    @BeforeAll
    static void vocabulary() {
        tokenizer = Tokenizers.of(GgufFile.read(ReferenceData.require("tokenizers/phi-3.gguf")));
        compiler = new FormCompiler(tokenizer);
    }

    private static boolean accepts(OutputForm form, String text) {
        FormCursor cursor = compiler.compile(form).begin();
        for (byte value : text.getBytes(StandardCharsets.UTF_8)) {
            if (!cursor.acceptByte(value & 0xff)) {
                return false;
            }
        }
        return cursor.isComplete();
    }

    private static void assertForm(OutputForm form, List<String> good, List<String> bad) {
        good.forEach(text -> assertTrue(accepts(form, text), text));
        bad.forEach(text -> assertTrue(!accepts(form, text), text));
    }

    @Test
    void formsAreMadeOfForms() {
        OutputForm list = OutputForm.sequence(
                OutputForm.literal("x="),
                new OutputForm.Repeated(
                        OutputForm.oneOf(OutputForm.jsonSchema("{\"type\":\"boolean\"}"), OutputForm.regex("[0-9]")),
                        1,
                        3),
                OutputForm.optional(OutputForm.gbnf("root ::= a\na ::= \"!\" a | \"?\"")));
        assertForm(list, List.of("x=true", "x=1false3", "x=1!!?"), List.of("x=", "x=1234", "x=1!", "1"));
        assertForm(OutputForm.free("<a>", "b"), List.of("", "<a", "é<<a", "a>"), List.of("<a>", "x<a>", "abc"));
        assertForm(
                new OutputForm.Free(List.of(), List.of("{\"n")),
                List.of("", "{", "{\"m", " {\"n"),
                List.of("{\"n", "{\"name"));
        OutputForm bare = OutputForm.sequence(
                new OutputForm.Bare(
                        OutputForm.jsonSchema(
                                "{\"type\":[\"string\",\"array\"],\"items\":{\"type\":\"string\"},\"maxLength\":5}"),
                        List.of("</")),
                OutputForm.literal("</"));
        assertForm(bare, List.of("a\"b</", "</", "[\"x\"]</"), List.of("a</b</", "abcdef</"));
    }

    @Test
    void literalsNameControlTokens() {
        int end = tokenizer.idOf("<|user|>").orElseThrow();
        assertTrue(tokenizer.isSpecial(end));
        FormCursor cursor = compiler.compile(OutputForm.literal("a<|user|>b")).begin();
        for (int id : tokenizer.encode("a", false, false)) {
            cursor.accept(id);
        }
        FormCursor spelled = compiler.compile(OutputForm.literal("<|user|>b")).begin();
        assertTrue(spelled.allows(end));
        assertTrue(spelled.accept(end));
        assertTrue(!spelled.allows(end));
        assertEquals(
                end, compiler.compile(OutputForm.literal("<|user|>b")).begin().shortestEnd()[0]);
    }

    @Test
    void elementsAreXml() {
        OutputForm note = OutputForm.xml("<!ELEMENT note (to+, (body | empty)?)>\n<!ELEMENT to (#PCDATA)>\n"
                + "<!ELEMENT body (#PCDATA | em)*>\n<!ELEMENT em (#PCDATA)>\n<!ELEMENT empty EMPTY>");
        assertForm(
                note,
                List.of(
                        "<note><to>a</to></note>",
                        "<note>\n  <to>a &amp; b</to>\n  <to></to>\n  <body>x <em>y</em> z</body>\n</note>",
                        "<note><to>é\"'></to><empty/></note>".replace("'>", "'")),
                List.of(
                        "<note></note>",
                        "<note><to>a<b</to></note>",
                        "<note><to>a & b</to></note>",
                        "<note><body></body><to>a</to></note>",
                        "<to>a</to>"));
        assertForm(
                OutputForm.elements("answer", "reason", "score"),
                List.of("<answer><reason>r</reason><score>1</score></answer>"),
                List.of("<answer><score>1</score><reason>r</reason></answer>"));
        OutputForm tree = OutputForm.xml("<!ELEMENT n (n*)>");
        assertForm(tree, List.of("<n></n>", "<n><n></n> <n><n></n></n></n>"), List.of("<n><n></n>"));
    }

    @Test
    void whateverComesIsValidByTheDeclarations() throws Exception {
        String declarations = "<!ELEMENT r ((a, b?)+ | c*)>\n<!ELEMENT a (#PCDATA | c)*>\n<!ELEMENT b (c, (a | r)?)>\n"
                + "<!ELEMENT c EMPTY>";
        CompiledForm form = compiler.compile(OutputForm.xml(declarations));
        DocumentBuilder parser = validating();
        for (int seed = 0; seed < 60; seed++) {
            String xml = write(form, new Random(seed));
            parser.parse(new InputSource(new StringReader("<!DOCTYPE r [" + declarations + "]>" + xml)));
        }
    }

    private static DocumentBuilder validating() throws ParserConfigurationException {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setValidating(true);
        DocumentBuilder builder = factory.newDocumentBuilder();
        builder.setErrorHandler(new ErrorHandler() {
            @Override
            public void warning(SAXParseException e) throws SAXParseException {
                throw e;
            }

            @Override
            public void error(SAXParseException e) throws SAXParseException {
                throw e;
            }

            @Override
            public void fatalError(SAXParseException e) throws SAXParseException {
                throw e;
            }
        });
        return builder;
    }

    private static String write(CompiledForm form, Random random) {
        FormCursor cursor = form.begin();
        StringBuilder text = new StringBuilder();
        var decoder = tokenizer.decoder(false);
        int[] allowed = new int[form.vocabSize()];
        for (int step = random.nextInt(80); step > 0 && !cursor.isEnd(); step--) {
            int token = allowed[random.nextInt(cursor.allowed(allowed))];
            if (tokenizer.isEndOfGeneration(token)) {
                break;
            }
            assertTrue(cursor.accept(token));
            text.append(decoder.add(token));
        }
        for (int token : cursor.shortestEnd()) {
            assertTrue(cursor.accept(token));
            text.append(decoder.add(token));
        }
        return text + decoder.finish();
    }

    @Test
    void whatIsWrongInDeclarationsIsNamed() {
        assertWrong("<!ATTLIST a b CDATA>", "form: line 1, column 1: expected <!ELEMENT at the beginning");
        assertWrong("<!ELEMENT a (b)>", "expected a declaration of the element b, found none");
        assertWrong("<!ELEMENT a EMPTY><!ELEMENT a EMPTY>", "expected one declaration of a, found two");
        assertWrong("<!ELEMENT a (b, c | d)>", "expected ',' or ')', found '|'");
        assertWrong("<!ELEMENT a ANY>", "expected EMPTY or a group in parentheses, found 'A'");
        assertWrong("<!ELEMENT a (a)>", "form");
    }

    private static void assertWrong(String declarations, String message) {
        BadInputException e =
                assertThrows(BadInputException.class, () -> compiler.compile(OutputForm.xml(declarations)));
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }
}
