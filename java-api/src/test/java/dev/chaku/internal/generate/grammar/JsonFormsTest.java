package dev.chaku.internal.generate.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.InputFormat;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import dev.chaku.errors.BadInputException;
import dev.chaku.generate.OutputForm;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * JSON by schemas: what a random model writes is valid by a validator of others, and bad schemas are refused by path.
 */
class JsonFormsTest {
    private static final FormatSets FORMATS = new FormatSets();
    private static final TokenTrie TRIE = Vocabularies.of(
            "{\"", "\":", "\": ", "\",", "\", \"", "},", "}]", "name", "true", "null", "12", ".5", "\\n", "\u00e9",
            "-01", "ab");

    private static CompiledForm form(OutputForm.JsonSchema form) {
        Grammar grammar = SchemaGrammar.of(form, FORMATS);
        return new CompiledForm(
                form, GrammarCompiler.compile(grammar, TRIE.singles(), "JSON schema"), TRIE, "JSON schema");
    }

    private static CompiledForm form(String schema) {
        return form(OutputForm.jsonSchema(schema));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{'type':['integer','null']}",
                "{'type':'number','minimum':-2.5,'exclusiveMaximum':1000}",
                "{'type':'integer','multipleOf':7,'minimum':20,'maximum':1000000}",
                "{'type':'number','multipleOf':0.25,'maximum':99}",
                "{'type':'string','minLength':2,'maxLength':5}",
                "{'type':'string','pattern':'^[a-z]+[0-9]{2,4}$','maxLength':8}",
                "{'enum':['a\\\\b','\\\\n',1.5,null,{'k':[1]}]}",
                "{'type':'string','format':'date'}",
                "{'type':'string','format':'ipv6'}",
                "{'type':'string','format':'uuid'}",
                "{'type':'object','properties':{'b':{'type':'boolean'},'a':{'type':'integer'}},'required':['a'],'additionalProperties':false}",
                "{'type':'object','properties':{'a':{'const':1}},'additionalProperties':{'type':'null'},'maxProperties':3}",
                "{'type':'object','patternProperties':{'^x':{'type':'integer'}},'additionalProperties':false,'minProperties':1}",
                "{'type':'object','propertyNames':{'maxLength':3}}",
                "{'type':'array','items':{'type':'boolean'},'minItems':2,'maxItems':4}",
                "{'type':'array','prefixItems':[{'type':'integer'},{'type':'string'}],'items':false}",
                "{'type':'array','items':{'type':['integer','string']},'contains':{'const':7},'maxItems':5}",
                "{'$ref':'#/$defs/tree','$defs':{'tree':{'type':'object','properties':{'v':{'type':'integer'},'c':{'type':'array','items':{'$ref':'#/$defs/tree'}}},'required':['v'],'additionalProperties':false}}}",
                "{'allOf':[{'type':'object','properties':{'a':{'type':'integer'}},'additionalProperties':false},{'properties':{'a':{'minimum':5}},'required':['a']}]}",
                "{'maximum':1000000,'oneOf':[{'type':'integer','multipleOf':2,'minimum':0},{'type':'integer','multipleOf':3,'minimum':0}]}",
                "{'type':'string','not':{'enum':['yes','no']},'maxLength':3}",
                "{'type':'object','properties':{'kind':{'enum':['a','b']},'x':{},'y':{}},'additionalProperties':false,'required':['kind'],'if':{'properties':{'kind':{'const':'a'}}},'then':{'required':['x']},'else':{'required':['y']}}",
                "{'type':'object','properties':{'a':{},'b':{}},'dependentRequired':{'a':['b']},'additionalProperties':false}",
            })
    void aRandomModelWritesWhatIsValid(String schema) throws Exception {
        String json = schema.replace('\'', '"');
        JsonSchema validator =
                JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(json, InputFormat.JSON);
        ObjectMapper mapper = new ObjectMapper();
        for (OutputForm.JsonSchema form : List.of(
                OutputForm.jsonSchema(json),
                OutputForm.jsonSchema(json).withCompact(true).withAnyOrder(true))) {
            CompiledForm compiled = form(form);
            for (int seed = 0; seed < 25; seed++) {
                String text = write(compiled, new Random(seed));
                JsonNode value = mapper.readTree(text);
                assertEquals(
                        List.of(),
                        List.copyOf(validator.validate(
                                value, context -> context.getExecutionConfig().setFormatAssertionsEnabled(true))),
                        json + " " + text);
            }
        }
    }

    /** Any tokens at first, and then those that end what was begun. */
    private static String write(CompiledForm form, Random random) {
        FormCursor cursor = form.begin();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int[] allowed = new int[TRIE.vocabSize()];
        for (int step = 0; !cursor.isEnd(); step++) {
            int n = cursor.allowed(allowed);
            int token = allowed[random.nextInt(n)];
            if (step > 40) {
                token = ending(allowed, n, token);
            }
            if (TRIE.isEnd(token)) {
                break;
            }
            assertTrue(cursor.accept(token));
            bytes.writeBytes(TRIE.bytes(token));
            assertTrue(step < 5000, () -> "no end: " + bytes.toString(StandardCharsets.UTF_8));
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static int ending(int[] allowed, int n, int otherwise) {
        for (char c : new char[] {'"', '}', ']'}) {
            for (int i = 0; i < n; i++) {
                if (TRIE.isEnd(allowed[n - 1])) {
                    return allowed[n - 1];
                }
                if (allowed[i] == c) {
                    return c;
                }
            }
        }
        return otherwise;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{\"properties\":{\"a\":{\"uniqueItems\":true}}}; /properties/a/uniqueItems asks for items that differ",
                "{\"$ref\":\"http://x.y/z\"}; /$ref refers to http://x.y/z outside of the schema",
                "{\"items\":{\"format\":\"iri\"}}; /items/format is iri",
                "{\"nullable\":true}; /nullable is no keyword",
                "{\"$dynamicRef\":\"#a\"}; /$dynamicRef depends on who refers to it",
                "{\"not\":{\"additionalProperties\":{\"type\":\"string\"}}}; /not negates what properties",
                "{\"$ref\":\"#\"}; / refers to itself without end",
                "{\"unevaluatedProperties\":false,\"anyOf\":[{}]}; /unevaluatedProperties depends on anyOf",
            })
    void whatCannotBeEnforcedIsRefusedByItsPath(String schema, String problem) {
        BadInputException e = assertThrows(BadInputException.class, () -> form(schema));
        assertTrue(e.getMessage().startsWith("JSON schema: " + problem), e.getMessage());
        assertTrue(e.getMessage().endsWith(", which a form cannot enforce"), e.getMessage());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{; JSON schema: expected JSON, found something else",
                "''; JSON schema: expected JSON, found nothing",
                "3; JSON schema: /: expected a schema: an object, true or false",
                "{\"type\":\"text\"}; JSON schema: /type: expected one of null boolean",
                "{\"minLength\":-1}; JSON schema: /minLength: expected a whole number of at least 0",
                "{\"pattern\":\"(\"}; JSON schema: /pattern: line 1, column 2: expected ) after a group",
                "{\"allOf\":[]}; JSON schema: /allOf: expected a list of at least one schema",
                "{\"a\":1,\"a\":2}; JSON schema: expected JSON, found something else: Duplicate",
                "false; JSON schema: expected a form that some text can have, found none",
                "{\"$ref\":\"#/nowhere\"}; JSON schema: /$ref: expected a schema of the document",
            })
    void aWrongSchemaIsTold(String schema, String problem) {
        BadInputException e = assertThrows(BadInputException.class, () -> form(schema));
        assertTrue(e.getMessage().startsWith(problem), e.getMessage());
    }

    @Test
    void orderAndSpaceAreAsAskedFor() {
        String schema =
                "{\"properties\":{\"a\":{\"const\":1},\"b\":{\"const\":2}},\"additionalProperties\":false,\"type\":\"object\"}";
        OutputForm.JsonSchema form = OutputForm.jsonSchema(schema);
        assertTrue(Vocabularies.accepts(form(form), "{\"a\": 1, \"b\": 2}"));
        assertTrue(Vocabularies.accepts(form(form), "{\n  \"a\":1\n}"));
        assertFalse(Vocabularies.accepts(form(form), "{\"b\":2,\"a\":1}"));
        assertFalse(Vocabularies.accepts(form(form), "{\"a\":1,\"a\":1}"));
        assertTrue(Vocabularies.accepts(form(form.withAnyOrder(true)), "{\"b\":2,\"a\":1}"));
        assertFalse(Vocabularies.accepts(form(form.withAnyOrder(true)), "{\"a\":1,\"a\":1}"));
        assertFalse(Vocabularies.accepts(form(form.withCompact(true)), "{\"a\": 1}"));
    }

    @Test
    void hostileSchemasEndSoon() {
        String deep = "{\"items\":".repeat(5000) + "{}" + "}".repeat(5000);
        StringBuilder wide = new StringBuilder("{\"anyOf\":[");
        for (int i = 0; i < 600; i++) {
            wide.append(i == 0 ? "" : ",")
                    .append("{\"properties\":{\"p")
                    .append(i)
                    .append("\":{\"const\":")
                    .append(i)
                    .append("}}}");
        }
        wide.append("]}");
        List<String> hostile = List.of(
                deep,
                wide.toString(),
                "{\"maxLength\":900000000}",
                "{\"minItems\":900000000}",
                "{\"pattern\":\"^(a|b)*a(a|b){30}$\"}",
                "{\"pattern\":\"((a{500}){500}){500}\"}",
                "{\"enum\":[1e999999999]}",
                "{\"multipleOf\":1e-300}",
                "{\"propertyNames\":{\"$ref\":\"#\"}}",
                "{\"title\":\"" + "x".repeat(10 << 20) + "\"}");
        for (String schema : hostile) {
            assertTimeoutPreemptively(Duration.ofSeconds(60), () -> {
                BadInputException e = assertThrows(BadInputException.class, () -> form(schema));
                assertEquals(1, e.getMessage().lines().count(), e.getMessage());
                assertTrue(e.getMessage().length() < 600, e.getMessage());
            });
        }
    }
}
