package dev.chaku.text.template;

import java.util.Map;

/** Templates of common conversation formats, for models that came without one. */
final class BuiltInTemplates {
    private BuiltInTemplates() {}

    static Map<String, String> all() {
        return Map.of(
                "chatml",
                """
        {% for m in messages %}<|im_start|>{{ m['role'] }}
        {{ m['content'] }}<|im_end|>
        {% endfor %}
        {%- if add_generation_prompt %}<|im_start|>assistant
        {% endif %}
        """,
                "llama3",
                """
        {{- bos_token }}
        {%- for m in messages %}<|start_header_id|>{{ m['role'] }}<|end_header_id|>

        {{ m['content'] | trim }}<|eot_id|>
        {%- endfor %}
        {%- if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>

        {% endif %}
        """,
                "llama2",
                """
        {%- set system = '' %}
        {%- if messages and messages[0]['role'] == 'system' %}
        {%- set system = '<<SYS>>\\n' ~ messages[0]['content'] ~ '\\n<</SYS>>\\n\\n' %}
        {%- set messages = messages[1:] %}
        {%- endif %}
        {%- for m in messages %}
        {%- if m['role'] == 'user' %}{{ bos_token }}[INST] {{ system if loop.first else '' }}{{ m['content'] | trim }} [/INST]
        {%- else %} {{ m['content'] | trim }} {{ eos_token }}{% endif %}
        {%- endfor %}
        """,
                "mistral",
                """
        {{- bos_token }}
        {%- for m in messages %}
        {%- if m['role'] == 'assistant' %}{{ m['content'] }}{{ eos_token }}
        {%- elif m['role'] == 'system' %}[SYSTEM_PROMPT]{{ m['content'] }}[/SYSTEM_PROMPT]
        {%- else %}[INST]{{ m['content'] }}[/INST]{% endif %}
        {%- endfor %}
        """,
                "gemma",
                """
        {{- bos_token }}
        {%- for m in messages %}<start_of_turn>{{ 'model' if m['role'] == 'assistant' else 'user' }}
        {{ m['content'] | trim }}<end_of_turn>
        {% endfor %}
        {%- if add_generation_prompt %}<start_of_turn>model
        {% endif %}
        """,
                "phi3",
                """
        {%- for m in messages %}<|{{ m['role'] }}|>
        {{ m['content'] }}<|end|>
        {% endfor %}
        {%- if add_generation_prompt %}<|assistant|>
        {% endif %}
        """,
                "zephyr",
                """
        {%- for m in messages %}<|{{ m['role'] }}|>
        {{ m['content'] }}{{ eos_token }}
        {% endfor %}
        {%- if add_generation_prompt %}<|assistant|>
        {% endif %}
        """,
                "alpaca",
                """
        {%- for m in messages %}
        {%- if m['role'] == 'system' %}{{ m['content'] }}

        {% elif m['role'] == 'user' %}### Instruction:
        {{ m['content'] }}

        {% else %}### Response:
        {{ m['content'] }}{{ eos_token }}

        {% endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}### Response:
        {% endif %}
        """);
    }
}
