"""How each family writes a conversation, in the fewest words: templates for models of our own vocabulary.

They have what distinguishes the families for the engine: the marks, where the prompt ends, whether there is a
system role, and what switches thinking.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """The chat template of a family, and the tokens it needs."""

    template: str
    marks: tuple[str, ...]
    """Control tokens, the one that ends an answer first."""

    words: tuple[str, ...] = ()
    """Tokens that are text and still one token."""


_CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
)
_GEMMA = (
    "{{ bos_token }}{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}"
    "{% endif %}{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate') }}{% endif %}"
    "<start_of_turn>{{ 'model' if m.role == 'assistant' else m.role }}\n{{ m.content }}<end_of_turn>\n"
    "{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
_GEMMA_4 = (
    "{{ bos_token }}{% if messages[0].role == 'system' or enable_thinking %}<|turn>system\n"
    "{% if enable_thinking %}<|think|>\n{% endif %}"
    "{% if messages[0].role == 'system' %}{{ messages[0].content }}{% endif %}<turn|>\n{% endif %}"
    "{% for m in messages if m.role != 'system' %}<|turn>{{ 'model' if m.role == 'assistant' else m.role }}\n"
    "{{ m.content }}<turn|>\n{% endfor %}{% if add_generation_prompt %}<|turn>model\n"
    "{% if not enable_thinking %}<|channel>thought\n<channel|>{% endif %}{% endif %}"
)
_GLM = (
    "[gMASK]<sop>{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}"
    "{% if m.role == 'user' and enable_thinking is defined and not enable_thinking %}/nothink{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>"
    "{% if enable_thinking is defined and not enable_thinking %}\n<think></think>{% endif %}{% endif %}"
)
_LLAMA_3 = (
    "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n"
    "{{ m.content }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
_LLAMA_4 = (
    _LLAMA_3.replace("start_header_id", "header_start")
    .replace("end_header_id", "header_end")
    .replace("eot_id", "eot")
)
_DEEPSEEK = (
    "{% if thinking is not defined %}{% set thinking = false %}{% endif %}{{ bos_token }}"
    "{% for m in messages %}{% if m.role == 'system' %}{{ m.content }}"
    "{% elif m.role == 'user' %}<｜User｜>{{ m.content }}"
    "{% else %}<｜Assistant｜></think>{{ m.content }}<｜end▁of▁sentence｜>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<｜Assistant｜>"
    "{% if thinking %}<think>{% else %}</think>{% endif %}{% endif %}"
)
_MISTRAL = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}[SYSTEM_PROMPT]{{ m.content }}"
    "[/SYSTEM_PROMPT]{% elif m.role == 'user' %}[INST]{{ m.content }}[/INST]"
    "{% else %}{{ m.content }}</s>{% endif %}{% endfor %}"
)
_HARMONY = (
    "<|start|>system<|message|>Reasoning: {{ reasoning_effort | default('medium') }}<|end|>"
    "{% for m in messages %}{% if m.role == 'system' %}<|start|>developer<|message|>{{ m.content }}<|end|>"
    "{% elif m.role == 'user' %}<|start|>user<|message|>{{ m.content }}<|end|>"
    "{% else %}<|start|>assistant<|channel|>final<|message|>{{ m.content }}<|end|>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant{% endif %}"
)

_THOUGHT = ("<think>", "</think>")

DIALECTS = {
    "chatml": Dialect(_CHATML + "{% endif %}", ("<|im_end|>", "<|im_start|>")),
    "qwen3": Dialect(
        _CHATML + "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n"
        "{% endif %}{% endif %}",
        ("<|im_end|>", "<|im_start|>"),
        _THOUGHT,
    ),
    "qwen35": Dialect(
        _CHATML + "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n"
        "{% else %}<think>\n{% endif %}{% endif %}",
        ("<|im_end|>", "<|im_start|>"),
        _THOUGHT,
    ),
    "gemma": Dialect(_GEMMA, ("<end_of_turn>", "<start_of_turn>", "<bos>")),
    "gemma4": Dialect(_GEMMA_4, ("<turn|>", "<|turn>", "<bos>", "<|think|>"), ("<|channel>", "<channel|>")),
    "glm": Dialect(
        _GLM, ("<|user|>", "<|assistant|>", "<|system|>", "[gMASK]", "<sop>"), (*_THOUGHT, "/nothink")
    ),
    "llama3": Dialect(
        _LLAMA_3, ("<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>", "<|begin_of_text|>")
    ),
    "llama4": Dialect(_LLAMA_4, ("<|eot|>", "<|header_start|>", "<|header_end|>", "<|begin_of_text|>")),
    "deepseek": Dialect(
        _DEEPSEEK,
        ("<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>", "<｜begin▁of▁sentence｜>"),
        _THOUGHT,
    ),
    "mistral": Dialect(_MISTRAL, ("</s>", "[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "<s>")),
    "harmony": Dialect(
        _HARMONY, ("<|return|>", "<|start|>", "<|message|>", "<|channel|>", "<|end|>", "<|call|>")
    ),
}
"""Name → dialect."""

BOS = ("<bos>", "<|begin_of_text|>", "<｜begin▁of▁sentence｜>", "<s>")
"""Marks that begin a text."""
