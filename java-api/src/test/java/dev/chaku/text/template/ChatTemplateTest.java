package dev.chaku.text.template;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ReferenceData;
import dev.chaku.ReferenceJson;
import dev.chaku.errors.BadInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChatTemplateTest {
    /** Two values that are small to make and endless to walk. */
    private static final String DOUBLING =
            "{% set n = namespace(x=[1], y=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% set n.y = [n.y, n.y] %}"
                    + "{% endfor %}";

    private static final Clock NOW = Clock.fixed(Instant.parse("2026-01-02T03:04:05Z"), ZoneOffset.UTC);

    /** Every template and conversation that Python's jinja2 has rendered, byte for byte. */
    @TestFactory
    Stream<DynamicTest> rendersWhatPythonRenders() {
        if (!ReferenceData.has("templates")) {
            return ReferenceData.skipped("templates").stream();
        }
        Path folder = ReferenceData.require("templates");
        Map<String, Object> golden = ReferenceJson.object(ReferenceJson.read(folder.resolve("expected.json")));
        Map<String, Object> cases = ReferenceJson.object(golden.get("cases"));
        List<DynamicTest> tests = new ArrayList<>();
        ReferenceJson.object(golden.get("expected")).forEach((template, byCase) -> ReferenceJson.object(byCase)
                .forEach((name, expected) -> tests.add(DynamicTest.dynamicTest(
                        template + " " + name,
                        () -> check(
                                folder.resolve(template),
                                golden,
                                ReferenceJson.object(cases.get(name)),
                                ReferenceJson.object(expected))))));
        return tests.stream();
    }

    @SuppressWarnings("unchecked")
    private static void check(
            Path file, Map<String, Object> golden, Map<String, Object> input, Map<String, Object> expected)
            throws Exception {
        ChatTemplate template = ChatTemplate.parse(
                        file.getFileName().toString(),
                        Files.readString(file),
                        golden.get("bos_token").toString(),
                        golden.get("eos_token").toString())
                .withClock(NOW);
        List<Map<String, Object>> messages = (List<Map<String, Object>>) input.get("messages");
        List<Object> tools = (List<Object>) input.getOrDefault("tools", List.of());
        boolean prompt = (Boolean) input.get("add_generation_prompt");
        if (expected.containsKey("text")) {
            assertEquals(expected.get("text"), template.render(messages, tools, prompt));
        } else {
            assertThrows(BadInputException.class, () -> template.render(messages, tools, prompt), expected.toString());
        }
    }

    private static String render(String source) {
        Map<String, Object> variables = new LinkedHashMap<>();
        variables.put("s", "Hello World");
        variables.put("l", List.of(3L, 1L, 2L));
        variables.put("d", new LinkedHashMap<>(Map.of("a", 1L)));
        variables.put("u", List.of(Map.of("n", "x", "v", 1L), Map.of("n", "y", "v", 2L)));
        variables.put("nothing", null);
        return ChatTemplate.parse("test", source, "<s>", "</s>")
                .withClock(NOW)
                .render(List.of(Map.of("role", "user", "content", "hi")), List.of(), false, variables)
                .text();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '@',
            quoteCharacter = '`',
            value = {
                "{{ 1 + 2 * 3 }}@7",
                "{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }}@3 -4 2 3.5 1024",
                "{{ 1e }}@error",
                "{{ 1.0 }} {{ 0.1 + 0.2 }} {{ 3.14 }}@1.0 0.30000000000000004 3.14",
                "{{ 'a' ~ 1 ~ none ~ true }}@a1NoneTrue",
                "{{ [1, 'b', none, true, 1.5] }}@[1, 'b', None, True, 1.5]",
                "{{ {'k': 'v', 'n': [1]} }}@{'k': 'v', 'n': [1]}",
                "{{ \"it's\" }} {{ [\"it's\"] }}@it's [\"it's\"]",
                "{{ 1 < 2 <= 2 < 3 }} {{ 1 == 1.0 }} {{ 'a' in 'cat' }} {{ 4 not in l }}@True True True True",
                "{{ 'x' if false else 'y' }}{{ 'z' if false }}@y",
                "{{ not true or true and false }}@False",
                "{{ s[0] }}{{ s[-1] }}{{ s[:5] }}{{ s[::-1] }}{{ l[1:] }}@HdHellodlroW olleH[1, 2]",
                "{{ d.a }}{{ d['a'] }}{{ d.get('b', 5) }}{{ d.get('b') }}{{ d.b }}@115None",
                "{{ s.split() }}{{ s.split('o') }}{{ s.split('o', 1)[1] }}@['Hello', 'World']['Hell', ' W', 'rld'] World",
                "{{ 'a,b,c'.rsplit(',', 1) }}@['a,b', 'c']",
                "{{ '  x '.strip() }}{{ 'xxaxx'.strip('x') }}{{ 'xxa'.lstrip('x') }}{{ s.upper() }}@xaaHELLO WORLD",
                "{{ s.startswith(('X', 'He')) }}{{ s.replace('l', 'L', 2) }}@TrueHeLLo World",
                "{{ l | sort | join(', ') }} {{ l | first }} {{ l | last }} {{ l | length }} {{ l | sum }} {{ l | max }}@1, 2, 3 3 2 3 6 3",
                "{{ u | map(attribute='n') | list }}{{ u | selectattr('v', 'equalto', 2) | map(attribute='n') | join }}@['x', 'y']y",
                "{{ l | select('odd') | list }}{{ l | reject('odd') | list }}@[3, 1][2]",
                "{{ missing | default('d') }}{{ '' | default('e', true) }}{{ none | default('f') }}@deNone",
                "{{ d | tojson }}{{ {'ä': [1, 2.0, none, true]} | tojson }}@{\"a\": 1}{\"ä\": [1, 2.0, null, true]}",
                "{{ missing }}{{ missing is defined }}{{ nothing is none }}{{ s is string }}{{ d is mapping }}@FalseTrueTrueTrue",
                "{{ l is iterable }}{{ 3 is odd }}{{ 4 is divisibleby 2 }}{{ 3 is not none }}{{ 1 is number }}@TrueTrueTrueTrueTrue",
                "{% for x in l %}{{ loop.index }}{{ x }}{{ ',' if not loop.last }}{% endfor %}@13,21,32",
                "{% for k, v in d.items() %}{{ k }}={{ v }}{% endfor %}@a=1",
                "{% for x in l if x > 1 %}{{ x }}{% else %}none{% endfor %}@32",
                "{% for x in [] %}{{ x }}{% else %}none{% endfor %}@none",
                "{% for x in l %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}@32",
                "{% for x in l %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endfor %}@3",
                "{% set x = 1 %}{% for i in l %}{% set x = i %}{% endfor %}{{ x }}@1",
                "{% set ns = namespace(x=1) %}{% for i in l %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}@7",
                "{% set a, b = 1, 2 %}{{ a }}{{ b }}@12",
                "{% set x %}in {{ 1 }}{% endset %}[{{ x }}]@[in 1]",
                "{% macro m(a, b=2) %}{{ a }}-{{ b }}{% endmacro %}{{ m(1) }} {{ m(1, b=3) }}@1-2 1-3",
                "{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}x{% endcall %}@[x]",
                "{% filter upper %}abc{% endfilter %}@ABC",
                "{% with a = 1 %}{{ a }}{% endwith %}{{ a is defined }}@1False",
                "{% raw %}{{ x }}{% endraw %}@{{ x }}",
                "{# comment #}a@a",
                "{{ strftime_now('%d %B %Y, %-d/%m %H:%M') }}@02 January 2026, 2/01 03:04",
                "{{ messages[0].content }}{{ bos_token }}@hi<s>",
                "{{ range(3) | list }}{{ range(5, 0, -2) | list }}@[0, 1, 2][5, 3, 1]",
                "{{ 'a\\nb' | indent(2) }}@`a\n  b`",
                "{{ ' a b '.split(none, 1) }} {{ [1, 1.0, true, 2] | unique | list }}@['a', 'b '] [1, 2]",
                "{{ ('a ' * 4000000).split() | length }} {{ range(99999) | unique | list | length }}@4000000 99999",
                "{{ '%s-%d' % ('a', 3) }}{{ '{} {x}'.format(1, x=2) }}@a-31 2",
            })
    void computesAsPythonDoes(String source, String expected) {
        if (expected.equals("error")) {
            assertThrows(BadInputException.class, () -> render(source));
        } else {
            assertEquals(expected, render(source).strip());
        }
    }

    @Test
    void whiteSpaceAroundTagsIsTrimmedAsTheFieldDoesIt() {
        assertEquals("a\nb\n", render("a\n{% if true %}\nb\n{% endif %}\n"));
        assertEquals("a b", render("a\n{%- if true %} b {%- endif %}\n"));
        assertEquals("x\n  y", render("x\n  {{ 'y' }}"));
        assertEquals("x\n  y", render("x\n  {%+ if true %}y{% endif %}"));
        assertEquals("x\ny", render("x\n  {% if true %}y{% endif %}"));
    }

    @Test
    void generationBlocksAreFound() {
        ChatTemplate.Rendered rendered = ChatTemplate.parse(
                        "t",
                        "a{% generation %}bc{% endgeneration %}d{%- generation -%} e {%- endgeneration -%} f",
                        "",
                        "")
                .render(List.of(), List.of(), false, Map.of());
        assertEquals("abcdef", rendered.text());
        assertEquals(
                List.of("bc", "e"),
                rendered.generations().stream()
                        .map(s -> rendered.text().substring(s[0], s[1]))
                        .toList());
    }

    @Test
    void aRefusalIsToldFromAFault() {
        ChatTemplate template = ChatTemplate.parse("t", "{{ raise_exception('roles must alternate') }}", "", "");
        BadInputException failure =
                assertThrows(BadInputException.class, () -> template.render(List.of(), List.of(), false));
        assertEquals("roles must alternate", ChatTemplate.refusal(failure).orElseThrow());
        ChatTemplate faulty = ChatTemplate.parse("t", "a\n{{ x.y }}", "", "");
        failure = assertThrows(BadInputException.class, () -> faulty.render(List.of(), List.of(), false));
        assertTrue(ChatTemplate.refusal(failure).isEmpty());
        assertEquals("t:2: UndefinedError: 'x' is undefined", failure.getMessage());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{{",
                "{% if",
                "{% if x %}",
                "{% for x %}{% endfor %}",
                "{{ 'a }}",
                "{{ a b }}",
                "{% endif %}",
                "{% nonsense %}",
                "{{ [1, }}",
                "{{ x | nosuchfilter }}",
                "{{ x is nosuchtest }}",
                "{{ none.x.y.z }}",
                "{{ 1 + 'a' }}",
                "{{ 1 / 0 }}",
                "{{ [].append(1) }}",
                "{{ {}.pop('a') }}",
                "{{ 3() }}",
                "{{ 'a' < 1 }}",
                "{# open",
                "{% raw %}x",
                "{{ ''.join(3) }}",
                "{{ 'a'.split('') }}",
                "{{ x.__class__.__mro__[1] }}"
            })
    void whatIsWrongIsOneClearError(String source) {
        BadInputException failure = assertThrows(BadInputException.class, () -> render(source));
        assertTrue(failure.getMessage().startsWith("test:"), failure.getMessage());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{{ 'a' * 1000000000 }}",
                "{% set ns = namespace(x='aaaaaaaaaa') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
                "{{ range(1000000000) | list }}",
                "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}{% endfor %}{% endfor %}",
                "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
                "{% for a in range(99999) %}{{ 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' * 1000 }}{% endfor %}",
                "{{ 'ab'.replace('', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' * 900000) }}",
                "{{ 3 ** 999999999 }}",
                DOUBLING + "{{ n.x }}",
                DOUBLING + "{{ n.x | tojson }}",
                DOUBLING + "{{ n.x == n.y }}",
                DOUBLING + "{{ {n.x: 1} }}",
                DOUBLING + "{{ d.get(n.x) }}",
                DOUBLING + "{{ [n.x, n.y] | unique | list }}",
                "{% set x = 'a' * 16000000 %}{{ (x[:8000000] ~ 'b') in x }}",
                "{% set x = 'a' * 16000000 %}{{ x.find(x[:8000000] ~ 'b') }}",
                "{% set x = 'a' * 16000000 %}{{ x | replace(x[:8000000] ~ 'b', '') }}",
                "{% set s = 'a' * 1000000 %}{% for i in range(99999) %}{% if 'b' in s %}{% endif %}{% endfor %}",
                "{% set s = 'a' * 1000000 %}{% for i in range(99999) %}{% set t = s.upper() %}{% endfor %}",
                "{% set s = 'a' * 1000000 %}{% set n = namespace(l=[]) %}{% for i in range(99999) %}{% set n.l = n.l + [s ~ i] %}{% endfor %}",
                "{% for c in 'a' * 16000000 %}{% endfor %}",
                "{% set s = 'a' * 1000000 %}{% for i in range(99999) %}{% set t = s[1:] %}{% endfor %}",
                "{% set s = 'a' * 1000000 %}{% for i in range(99999) %}{% set t = s[::-1] %}{% endfor %}",
                "{% set s = 'a' * 1000000 %}{% for i in range(99999) %}{% set t = s[999999] %}{% endfor %}",
                "{% set n = namespace(x=(1,)) %}{% for i in range(60) %}{% set n.x = (n.x, n.x) %}{% endfor %}{{ {n.x: 1} }}",
                "{{ '{:9999}'.format(1) * 9999 }}",
            })
    void hostileTemplatesEndSoon(String source) {
        assertTimeoutPreemptively(
                Duration.ofSeconds(20), () -> assertThrows(BadInputException.class, () -> render(source)));
    }

    @Test
    void aNumberOfAMillionDigitsIsAnErrorAtOnce() {
        String source = "{{ " + "9".repeat(1_000_000) + " }}";
        assertTimeoutPreemptively(
                Duration.ofSeconds(20), () -> assertThrows(BadInputException.class, () -> render(source)));
    }

    @Test
    void numbersListsAndFormatsAreAsPythonHasThem() {
        assertEquals("100000.0 1.5e-07 1e+16", render("{{ 1e5 }} {{ 1.5e-7 }} {{ 1e16 }}"));
        assertEquals("[1, 2, 1, 2]", render("{{ [1, 2] * 2 }}"));
        assertEquals("True 5", render("{{ {'a': 1} == {'a': 1.0} }} {{ 5 | round }}"));
        assertEquals("a-3-1.50 00042", render("{{ '%s-%d-%.2f' % ('a', 3, 1.5) }} {{ '%05d' | format(42) }}"));
        assertEquals(
                "a|b x..",
                render("{{ 'aXb'.partition('X')[0] }}|{{ 'aXb'.partition('X')[2] }} {{ 'x'.ljust(3, '.') }}"));
        assertThrows(BadInputException.class, () -> render("{{ [1, 2, 3] * 10 ** 9 }}"));
        assertThrows(BadInputException.class, () -> render("{{ 'x'.rjust(10 ** 9) }}"));
    }

    @Test
    void charactersAreCountedAsCodePoints() {
        assertEquals("𝄞", render("{{ 'a𝄞b'[1] }}"));
        assertEquals("b", render("{{ 'a𝄞b'[-1] }}"));
        assertEquals("", render("{{ 'a𝄞b'[3] }}"));
    }

    @Test
    void deepNestingIsAnErrorAndNoOverflow() {
        String deep = "{{ " + "(".repeat(5000) + "1" + ")".repeat(5000) + " }}";
        assertThrows(BadInputException.class, () -> render(deep));
        assertThrows(BadInputException.class, () -> render("{{ " + "not ".repeat(9000) + "x }}"));
        assertThrows(BadInputException.class, () -> render("{% if x %}".repeat(3000) + "{% endif %}".repeat(3000)));
    }

    @Test
    void theBuiltInTemplatesRenderAConversation() {
        List<Map<String, Object>> messages = List.of(
                Map.of("role", "system", "content", "Be brief."),
                Map.of("role", "user", "content", "Hi"),
                Map.of("role", "assistant", "content", "Ho"));
        assertEquals(
                "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHo<|im_end|>\n",
                ChatTemplate.named("chatml", "<s>", "</s>").render(messages, List.of(), false));
        assertEquals(
                "<s><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi"
                        + "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
                ChatTemplate.named("llama3", "<s>", "</s>").render(messages.subList(0, 2), List.of(), true));
        assertEquals(
                "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Ho </s>",
                ChatTemplate.named("llama2", "<s>", "</s>").render(messages, List.of(), false));
        for (String name : ChatTemplate.builtInNames()) {
            String text = ChatTemplate.named(name, "<s>", "</s>").render(messages, List.of(), true);
            assertTrue(text.contains("Hi") && text.contains("Ho"), name + ": " + text);
        }
    }
}
