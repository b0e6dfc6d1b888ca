// SPDX-License-Identifier: Apache-2.0
#include "core/cli/prompts.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>

#include "core/base/error.hpp"
#include "core/base/nearest.hpp"

namespace fk::core {
namespace {

const std::vector<std::string> kKeys = {"prompt",     "messages",    "token_ids", "id",
                                        "max_tokens", "temperature", "top_k",     "top_p",
                                        "min_p",      "seed",        "stop"};

struct Line {
  const Json& object;
  const std::string& where;

  template <class... A>
  [[noreturn]] void fail(fmt::format_string<A...> f, A&&... a) const {
    throw Error(Code::kBadInput, where + ": " + fmt::format(f, std::forward<A>(a)...));
  }
  std::string found(const Json& v) const {
    std::string s = v.dump(-1, ' ', false, Json::error_handler_t::replace);
    return s.size() > 60 ? s.substr(0, 57) + "..." : s;
  }
  template <class T>
  void integer(const char* key, T& to) const {
    if (!object.contains(key)) return;
    const Json& v = object[key];
    if (!v.is_number_integer()) fail("\"{}\" must be a whole number, found {}", key, found(v));
    to = T(std::clamp<int64_t>(v.get<int64_t>(), std::numeric_limits<T>::min(),
                               std::numeric_limits<T>::max()));
  }
  void number(const char* key, float& to) const {
    if (!object.contains(key)) return;
    if (!object[key].is_number())
      fail("\"{}\" must be a number, found {}", key, found(object[key]));
    to = object[key].get<float>();
  }
  void stop(SamplingParams& p) const {
    if (!object.contains("stop")) return;
    const Json& v = object["stop"];
    for (const Json& s : v.is_array() ? v : Json::array({v})) {
      if (s.is_string() && !s.get<std::string>().empty())
        p.stop_strings.push_back(s.get<std::string>());
      else if (s.is_number_integer())
        p.stop_ids.push_back(s.get<int32_t>());
      else
        fail("\"stop\" must be a string, a token id, or a list of them, found {}", found(s));
    }
  }
  void messages() const {
    const Json& v = object["messages"];
    if (!v.is_array() || v.empty())
      fail("\"messages\" must be a list with at least one message, found {}", found(v));
    for (size_t i = 0; i < v.size(); ++i) {
      if (!v[i].is_object() || !v[i].contains("role") || !v[i]["role"].is_string()) {
        fail("message {} must be an object with \"role\" and \"content\", found {}", i,
             found(v[i]));
      }
    }
  }
  std::vector<int32_t> ids() const {
    const Json& v = object["token_ids"];
    if (!v.is_array() || v.empty())
      fail("\"token_ids\" must be a list with at least one id, found {}", found(v));
    std::vector<int32_t> out;
    for (const Json& id : v) {
      if (!id.is_number_integer() || id.get<int64_t>() < 0 ||
          id.get<int64_t>() > std::numeric_limits<int32_t>::max()) {
        fail("\"token_ids\" must be whole numbers from 0 on, found {}", found(id));
      }
      out.push_back(id.get<int32_t>());
    }
    return out;
  }
};

Prompt parse_line(const Json& object, const std::string& where, size_t number,
                  const SamplingParams& defaults) {
  Line line{object, where};
  if (!object.is_object()) line.fail("a line must be a JSON object, found {}", line.found(object));
  Prompt p;
  p.where = where;
  p.sampling = defaults;
  std::vector<std::string> given;
  for (auto& [key, value] : object.items()) {
    if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end()) {
      line.fail("unknown key \"{}\"{}; a line may have: {}", key, did_you_mean(key, kKeys),
                fmt::join(kKeys, ", "));
    }
    if (key == "prompt" || key == "messages" || key == "token_ids") given.push_back(key);
  }
  if (given.size() != 1) {
    line.fail("a line has one of \"prompt\", \"messages\" and \"token_ids\", found {}",
              given.empty() ? "none of them" : fmt::format("{}", fmt::join(given, " and ")));
  }
  p.id = object.value("id", Json(number));
  if (!p.id.is_string() && !p.id.is_number_integer())
    line.fail("\"id\" must be text or a whole number, found {}", line.found(p.id));
  if (given[0] == "prompt") {
    if (!object["prompt"].is_string())
      line.fail("\"prompt\" must be text, found {}", line.found(object["prompt"]));
    p.text = object["prompt"].get<std::string>();
    if (p.text.empty()) line.fail("the prompt is empty");
  } else if (given[0] == "messages") {
    line.messages();
    p.kind = Prompt::Kind::kMessages;
    p.messages = object["messages"];
  } else {
    p.kind = Prompt::Kind::kIds;
    p.ids = line.ids();
  }
  line.integer("max_tokens", p.sampling.max_tokens);
  line.number("temperature", p.sampling.temperature);
  line.integer("top_k", p.sampling.top_k);
  line.number("top_p", p.sampling.top_p);
  line.number("min_p", p.sampling.min_p);
  line.integer("seed", p.sampling.seed);
  line.stop(p.sampling);
  return p;
}

template <class F>
void for_each_line(std::string_view text, const std::string& file, F&& f) {
  size_t line = 0;
  bool any = false;
  for (size_t start = 0; start < text.size();) {
    size_t end = std::min(text.find('\n', start), text.size());
    std::string_view s = text.substr(start, end - start);
    if (s.ends_with('\r')) s.remove_suffix(1);
    ++line;
    if (s.find_first_not_of(" \t") != std::string_view::npos)
      f(s, fmt::format("{}:{}", file, line)), any = true;
    start = end + 1;
  }
  if (!any) bad_input("{}: it holds no prompts", file);
}

}  // namespace

std::string read_input(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path)) bad_input("{}: cannot be read", path.string());
  std::stringstream s;
  s << in.rdbuf();
  return s.str();
}

std::vector<Prompt> parse_jsonl(std::string_view text, const std::string& file,
                                const SamplingParams& defaults) {
  std::vector<Prompt> prompts;
  for_each_line(text, file, [&](std::string_view s, const std::string& where) {
    Json object;
    try {
      object = Json::parse(s);
    } catch (const Json::parse_error& e) {
      bad_input(
          "{}: byte {} is where this stops being JSON; a line looks like {{\"id\": \"a\", "
          "\"prompt\": \"text\"}}",
          where, e.byte);
    } catch (const Json::exception& e) {  // a number that no double holds
      bad_input("{}: no JSON that can be read: {}", where, e.what());
    }
    prompts.push_back(parse_line(object, where, prompts.size(), defaults));
  });
  return prompts;
}

std::vector<Prompt> read_jsonl(const std::filesystem::path& path, const SamplingParams& defaults) {
  return parse_jsonl(read_input(path), path.string(), defaults);
}

std::vector<Prompt> read_lines(const std::filesystem::path& path, const SamplingParams& defaults) {
  std::vector<Prompt> prompts;
  for_each_line(read_input(path), path.string(), [&](std::string_view s, const std::string& where) {
    Prompt p;
    p.where = where;
    p.id = prompts.size();
    p.text = s;
    p.sampling = defaults;
    prompts.push_back(std::move(p));
  });
  return prompts;
}

std::vector<int32_t> encode(const Prompt& p, const Assets& a) {
  if (p.kind == Prompt::Kind::kIds) return p.ids;
  if (!a.tokenizer) {
    bad_input(
        "{}: {} has no tokenizer; give \"token_ids\" in an --input file, or a tokenizer.json with "
        "--tokenizer",
        p.where, a.config.file);
  }
  if (p.kind == Prompt::Kind::kText)
    return a.tokenizer->encode(p.text, {.add_special = true, .parse_special = true});
  if (!a.chat_template) {
    bad_input("{}: {} has no chat template; give \"prompt\" instead of \"messages\"", p.where,
              a.config.file);
  }
  try {
    return a.tokenizer->encode(a.render(p.messages), {.add_special = false, .parse_special = true});
  } catch (const Error& e) { throw e.within(p.where); }
}

}  // namespace fk::core
