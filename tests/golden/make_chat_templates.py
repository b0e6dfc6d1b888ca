#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Renders every published chat template of two pinned packages with Python's jinja2 and writes the hashes.

    python tests/golden/make_chat_templates.py      (jinja2 3.1.6; templates by scripts/fetch_models.sh tests/packages.txt)

The environment is the one transformers renders with: ImmutableSandboxedEnvironment, trim_blocks, lstrip_blocks, loop
controls, the `generation` tag, tojson with ensure_ascii=False, raise_exception, strftime_now. The clock stands at
2026-01-02 03:04:05 UTC. Output: tests/golden/chat_templates.json {contexts, expected: {package/template: [sha256 or "error: text"]}}.
"""
import datetime, hashlib, json, pathlib
from jinja2 import nodes
from jinja2.exceptions import TemplateError
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

root = pathlib.Path(__file__).resolve().parents[2]
folders = {"trl": "trl/chat_templates", "axolotl": "axolotl/utils/chat_templates/templates"}


class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("_render"), [], [], body).set_lineno(line)

    def _render(self, caller):
        return caller()


def environment():
    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    def raise_exception(message):
        raise TemplateError(message)

    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda f: datetime.datetime(2026, 1, 2, 3, 4, 5).strftime(f)
    return env


weather = {"type": "function", "function": {"name": "get_weather", "description": "Weather of a city — «now»",
           "parameters": {"type": "object", "properties": {"city": {"type": "string", "description": "a city"},
           "unit": {"type": "string", "enum": ["C", "F"], "default": "C"}}, "required": ["city"]},
           "return": {"type": "object", "properties": {"degrees": {"type": "number"}}}}}
call = {"id": "abcdefghi", "type": "function", "function": {"name": "get_weather", "arguments": {"city": "Zürich", "days": 2, "ok": True, "x": None}}}
special = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
contexts = [
    {"messages": [{"role": "user", "content": "Hello, how are you?"}], "add_generation_prompt": True},
    {"messages": [{"role": "system", "content": "  Be terse. \n"}, {"role": "user", "content": " What is 2+2?\n"},
                  {"role": "assistant", "content": "4"}, {"role": "user", "content": "and 3+3? <b>'quoted'</b>"}], "add_generation_prompt": True},
    {"messages": [{"role": "user", "content": "日本語 🙂 ñ"}, {"role": "assistant", "content": "<think>\nhm\n</think>\n\nはい"},
                  {"role": "user", "content": "more"}, {"role": "assistant", "content": "done"}], "add_generation_prompt": False},
    {"messages": [{"role": "system", "content": "Use tools."}, {"role": "user", "content": "Weather in Zürich?"},
                  {"role": "assistant", "content": "", "tool_calls": [call]},
                  {"role": "tool", "name": "get_weather", "tool_call_id": "abcdefghi", "content": "{\"degrees\": 21.5}"},
                  {"role": "assistant", "content": "21.5 degrees."}, {"role": "user", "content": "Thanks"}],
     "tools": [weather], "add_generation_prompt": True},
    {"messages": [{"role": "user", "content": [{"type": "text", "text": "What is on it?"}, {"type": "image"}, {"type": "text", "text": " Be exact."}]}],
     "add_generation_prompt": True},
    {"messages": [{"role": "user", "content": "Think."}], "add_generation_prompt": True, "enable_thinking": False, "thinking": True,
     "reasoning_effort": "high", "date_string": "02 Jan 2026", "documents": [{"title": "T", "text": "a\nb"}]},
    {"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}], "add_generation_prompt": False},
    {"messages": [], "add_generation_prompt": True},
]
contexts = [{**special, **c} for c in contexts]
expected = {}
for package, folder in folders.items():
    for path in sorted((root / "third_party/models" / package / folder).glob("*.jinja")):
        results = []
        for context in contexts:
            try:
                text = environment().from_string(path.read_text()).render(**json.loads(json.dumps(context)))
                results.append(hashlib.sha256(text.encode()).hexdigest()[:16])
            except Exception as e:  # whatever Python raises, ours must refuse too
                results.append("error")
        expected[f"{package}/{folder}/{path.name}"] = results
out = root / "tests/golden/chat_templates.json"
out.write_text(json.dumps({"contexts": contexts, "expected": expected}, ensure_ascii=False, indent=0) + "\n")
print(len(expected), "templates", sum(r != "error" for v in expected.values() for r in v), "rendered")
