"""Makes the folder language_tokenizer (a small byte-level tokenizer with the special tokens of LFM2) and language_tokenizer.json: ids,
decoded texts and rendered chat templates as transformers gives them.

    pip install transformers==5.23.0 tokenizers==0.23.3 jinja2==3.1.6
    python tests/golden/data/make_language_tokenizer.py [chat_template.jinja of LFM2-1.2B]

With LFM2's own template, which is not in this repository, it checks that the template written here renders the same.
"""
import json
import random
import shutil
import sys
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

HERE = Path(__file__).parent
FOLDER = HERE / "language_tokenizer"
SPECIAL = ["<|pad|>", "<|startoftext|>", "<|endoftext|>", "<|fim_pre|>", "<|fim_mid|>", "<|fim_suf|>", "<|im_start|>", "<|im_end|>"]
SPECIAL += [f"<|tool_{part}_{side}|>" for part in ("list", "call", "response") for side in ("start", "end")]
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CORPUS = [
    "The quick brown fox jumps over the lazy dog. It's the dog's day, and they'll say: we've won!",
    "What is C. elegans? It's a tiny nematode that lives in temperate soil environments.",
    "Der schnelle braune Fuchs springt über den faulen Hund. Straße, Übermut, Äpfel.",
    "Le renard brun saute par-dessus le chien paresseux à l'été; déjà vu, garçon, naïve.",
    "素早い茶色の狐がのろまな犬を飛び越える。日本語の文章。",
    "الثعلب البني السريع يقفز فوق الكلب الكسول.",
    "빠른 갈색 여우가 게으른 개를 뛰어넘는다.",
    "def add(a, b):\n    return a + b  # 12345\n\n\nprint(add(1, 2))\n",
]

TEMPLATES = {}
# What LFM2's template does, written anew: an optional system turn, tools as JSON in it, results of tools between their tokens.
TEMPLATES["lfm2"] = """{{- bos_token -}}
{%- set head = namespace(text="") -%}
{%- set turns = messages -%}
{%- if turns[0].role == "system" -%}
    {%- set head.text = turns[0].content -%}
    {%- set turns = turns[1:] -%}
{%- endif -%}
{%- if tools -%}
    {%- set listed = namespace(text="") -%}
    {%- for tool in tools -%}
        {%- set listed.text = listed.text + (tool if tool is string else tool | tojson) + ("" if loop.last else ", ") -%}
    {%- endfor -%}
    {%- set head.text = head.text + ("\\n" if head.text else "") + "List of tools: <|tool_list_start|>[" + listed.text + "]<|tool_list_end|>" -%}
{%- endif -%}
{%- if head.text -%}
    {{- "<|im_start|>system\\n" + head.text + "<|im_end|>\\n" -}}
{%- endif -%}
{%- for turn in turns -%}
    {%- set text = turn.content if turn.content is string else turn.content | tojson -%}
    {%- if turn.role == "tool" -%}
        {%- set text = "<|tool_response_start|>" + text + "<|tool_response_end|>" -%}
    {%- endif -%}
    {{- "<|im_start|>" + turn.role + "\\n" + text + "<|im_end|>\\n" -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{- "<|im_start|>assistant\\n" -}}
{%- endif -%}
"""
# Blocks on lines of their own, which trim_blocks and lstrip_blocks take away.
TEMPLATES["lines"] = """{% for message in messages %}
    {% if message['role'] == 'user' %}
[{{ loop.index }}] {{ message['content'] | trim }}
    {% elif loop.first %}
<<{{ message.content | upper }}>>
    {% else %}
= {{ message.content }}{{ eos_token }}
    {% endif %}
{% endfor %}
{% if add_generation_prompt %}={% endif %}
"""
TEMPLATES["strict"] = """{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}\
{{ raise_exception('Roles must alternate user/assistant, not ' ~ m.role) }}{% endif %}{{ m.role }}: {{ m.content }}\n{% endfor %}"""
TEMPLATES["macro"] = """{% macro turn(role, text='-') %}<{{ role }}>{{ text }}</{{ role }}>{% endmacro %}
{{ bos_token }}{% for m in messages if m.role != 'tool' %}{{ turn(m.role, m.content or 'none') }}{% if not loop.last %}|{% endif %}{% endfor %}
{% if tools is defined and tools %}{{ tools | tojson(indent=2) }}{{ tools | map(attribute='name') | join(', ') }}{% endif %}
{%- if enable_thinking is defined and enable_thinking %}<think>{% endif %}{{ missing | default('d') }}{{ pad_token }}"""

TOOLS = [
    {"name": "get_status", "description": "Says \"how\" <b>a</b> & b are: é 日本", "parameters": {"type": "object", "properties": {}}},
    {"name": "add", "parameters": {"a": 1, "b": [1.5, None, True]}},
]
CONVERSATIONS = [
    {"messages": [{"role": "user", "content": "What is C. elegans?"}]},
    {"messages": [{"role": "user", "content": "What is C. elegans?"}], "add_generation_prompt": False},
    {
        "messages": [
            {"role": "system", "content": "You are a helpful assistant trained by Liquid AI."},
            {"role": "user", "content": "  Hello \n"},
            {"role": "assistant", "content": "Grüße 👋 <b> & \"quotes\""},
            {"role": "user", "content": "日本語?"},
        ]
    },
    {
        "messages": [
            {"role": "system", "content": "Use tools."},
            {"role": "user", "content": "Status of 12345?"},
            {"role": "assistant", "content": '<|tool_call_start|>[get_status(id="12345")]<|tool_call_end|>'},
            {"role": "tool", "content": '{"status": "ok"}'},
            {"role": "assistant", "content": "It is ok."},
        ],
        "tools": TOOLS,
        "add_generation_prompt": False,
    },
    {"messages": [{"role": "user", "content": "Which tools?"}], "tools": TOOLS},
    {"messages": [{"role": "assistant", "content": "I begin"}, {"role": "user", "content": "No"}]},
    {"messages": [{"role": "user", "content": "Think"}], "enable_thinking": True},
]
TEXTS = CORPUS + [
    "",
    " ",
    "\n\n  \n",
    "  two spaces\tand a tab\r\nand a line",
    "1234567 3.14 1,000",
    "It'S THE DOG'S, We'Ll",
    "👩‍👩‍👧 family, 🏳️‍🌈 flag, 👍🏽",
    "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
    "<|startoftext|>begins with its token",
    "a<|pad|><|not_a_token|>b",
    "combining e\u0301 and non-breaking\u00a0space\u200b",
    "\ufffd and \x00 and \x1b[0m",
]


def tokenizer():
    made = Tokenizer(models.BPE(ignore_merges=True))
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(SPLIT), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=480, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    made.train_from_iterator(CORPUS, trainer)
    made.post_processor = processors.TemplateProcessing(
        single="<|startoftext|> $A", pair="<|startoftext|> $A <|startoftext|> $B", special_tokens=[("<|startoftext|>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token="<|startoftext|>",
        eos_token="<|im_end|>",
        pad_token="<|pad|>",
        chat_template=TEMPLATES["lfm2"],
        clean_up_tokenization_spaces=True,
    )


def rendered(fast, template, conversation):
    try:
        text = fast.apply_chat_template(**conversation_arguments(conversation), chat_template=template, tokenize=False)
        return {"text": text}
    except Exception as error:  # what the template refuses
        return {"error": str(error)}


def conversation_arguments(conversation):
    arguments = {"add_generation_prompt": True, **conversation}
    arguments["conversation"] = arguments.pop("messages")
    return arguments


def main():
    fast = tokenizer()
    shutil.rmtree(FOLDER, ignore_errors=True)
    fast.save_pretrained(FOLDER)
    if len(sys.argv) > 1:
        official = Path(sys.argv[1]).read_text()
        for conversation in CONVERSATIONS:
            ours, theirs = rendered(fast, TEMPLATES["lfm2"], conversation), rendered(fast, official, conversation)
            assert ours == theirs, (conversation, ours, theirs)
        print(f"renders as {sys.argv[1]} on {len(CONVERSATIONS)} conversations")
    numbers = random.Random(7)
    drawn = [[numbers.randrange(len(fast)) for _ in range(numbers.randrange(1, 24))] for _ in range(60)]
    golden = {
        "encoded": [
            {"text": text, "ids": fast.encode(text, add_special_tokens=False), "withSpecial": fast.encode(text)} for text in TEXTS
        ],
        "decoded": [
            {"ids": ids, "text": fast.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)} for ids in drawn
        ],
        "templates": TEMPLATES,
        "conversations": CONVERSATIONS,
        "rendered": {name: [rendered(fast, text, c) for c in CONVERSATIONS] for name, text in TEMPLATES.items()},
        "chatIds": [fast.apply_chat_template(**conversation_arguments(c), return_dict=False) for c in CONVERSATIONS],
    }
    (HERE / "language_tokenizer.json").write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n")


main()
