package dev.chaku.benchmarks.jmh;

import dev.chaku.text.template.ChatTemplate;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Conversations of seven messages and 1.7 kB rendered per second. */
@State(Scope.Thread)
public class ChatTemplateBenchmark {
    @Param({"chatml", "llama3", "branching"})
    public String template;

    /** As long and as winding as the templates of models that call tools. */
    private static final String BRANCHING = """
      {%- set ns = namespace(system='You are a helpful assistant.', last=-1) %}
      {%- if messages[0].role == 'system' %}{% set ns.system = messages[0].content %}{% endif %}
      {%- for m in messages %}{% if m.role == 'user' %}{% set ns.last = loop.index0 %}{% endif %}{% endfor %}
      {%- if tools %}
      {{- '<|im_start|>system\n' + ns.system + '\n\n# Tools\n\n<tools>' }}
      {%- for tool in tools %}{{ '\n' }}{{ tool | tojson }}{% endfor %}
      {{- '\n</tools><|im_end|>\n' }}
      {%- else %}
      {{- '<|im_start|>system\n' + ns.system + '<|im_end|>\n' }}
      {%- endif %}
      {%- for m in messages %}
      {%- if m.role == 'user' or (m.role == 'system' and not loop.first) or (m.role == 'assistant' and not m.tool_calls) %}
      {{- '<|im_start|>' + m.role + '\n' }}
      {%- if m.role == 'assistant' and '</think>' in m.content and loop.index0 < ns.last %}
      {{- m.content.split('</think>')[-1].lstrip('\n') }}
      {%- else %}
      {{- m.content | trim }}
      {%- endif %}
      {{- '<|im_end|>\n' }}
      {%- elif m.role == 'assistant' %}
      {{- '<|im_start|>assistant' }}
      {%- for call in m.tool_calls %}
      {%- if call.function is defined %}{% set call = call.function %}{% endif %}
      {{- '\n<tool_call>\n{"name": "' + call.name + '", "arguments": ' + (call.arguments | tojson) + '}\n</tool_call>' }}
      {%- endfor %}
      {{- '<|im_end|>\n' }}
      {%- elif m.role == 'tool' %}
      {%- if loop.index0 == 0 or messages[loop.index0 - 1].role != 'tool' %}{{ '<|im_start|>user' }}{% endif %}
      {{- '\n<tool_response>\n' + m.content + '\n</tool_response>' }}
      {%- if loop.last or messages[loop.index0 + 1].role != 'tool' %}{{ '<|im_end|>\n' }}{% endif %}
      {%- endif %}
      {%- endfor %}
      {%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}
      """;

    private ChatTemplate parsed;
    private List<Map<String, Object>> messages;

    /** Parses the template. */
    @Setup
    public void prepare() {
        parsed = template.equals("branching")
                ? ChatTemplate.parse(template, BRANCHING, "<s>", "</s>")
                : ChatTemplate.named(template, "<s>", "</s>");
        messages = Conversations.typical();
    }

    /** One conversation. */
    @Benchmark
    public String render() {
        return parsed.render(messages, List.of(), false);
    }
}
