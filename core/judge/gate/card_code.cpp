// SPDX-License-Identifier: Apache-2.0
#include "core/judge/gate/card_code.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>

namespace fk::judge {
namespace {

// A container: magic, version, bytes of this header, bytes of what follows.
constexpr uint32_t kMagic = 0xBA55ED50;
constexpr size_t kHeader = 16;
// An entry: kind at 0, bytes of its header at 4, bytes of its code at 8, architecture at 28.
constexpr size_t kEntry = 32;
constexpr uint16_t kPtx = 1, kMachine = 2;

template <class T>
T at(std::string_view bytes, size_t offset) {
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

void read_entries(std::string_view entries, CardCode& out) {
  while (entries.size() >= kEntry) {
    const auto kind = at<uint16_t>(entries, 0);
    const size_t header = at<uint32_t>(entries, 4);
    const uint64_t code = at<uint64_t>(entries, 8);
    const auto architecture = int(at<uint32_t>(entries, 28));
    if (header < kEntry || header > entries.size() || code > entries.size() - header) return;
    if (kind == kMachine) out.machine.insert(architecture);
    if (kind == kPtx) out.ptx.insert(architecture);
    entries.remove_prefix(header + size_t(code));
  }
}

// The number behind `name` in a line, or 0.
size_t number_after(std::string_view line, std::string_view name) {
  const size_t from = line.find(name);
  if (from == line.npos) return 0;
  size_t value = 0;
  for (size_t i = from + name.size(); i < line.size() && std::isdigit((unsigned char)line[i]); ++i)
    value = value * 10 + size_t(line[i] - '0');
  return value;
}

}  // namespace

CardCode card_code(std::string_view bytes) {
  CardCode out;
  const std::string magic(reinterpret_cast<const char*>(&kMagic), sizeof kMagic);
  for (size_t i = bytes.find(magic); i != bytes.npos; i = bytes.find(magic, i + 4)) {
    if (bytes.size() - i < kHeader) break;
    const size_t header = at<uint16_t>(bytes, i + 6);
    const uint64_t size = at<uint64_t>(bytes, i + 8);
    if (header < kHeader || header > bytes.size() - i || size > bytes.size() - i - header) continue;
    read_entries(bytes.substr(i + header, size_t(size)), out);
  }
  return out;
}

CardResources parse_resources(std::string_view text) {
  CardResources out;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    out.global_bytes += number_after(line, " GLOBAL:");
    if (line.find(" REG:") == line.npos) continue;
    ++out.kernels;
    out.most_registers = std::max(out.most_registers, number_after(line, " REG:"));
    out.most_stack = std::max(out.most_stack, number_after(line, " STACK:"));
  }
  return out;
}

std::optional<CardResources> card_resources(const std::filesystem::path& file) {
  const std::string path = file.string();
  if (path.find('\'') != path.npos) return std::nullopt;
  const std::string command =
      "PATH=\"$PATH:/usr/local/cuda/bin\" timeout 10 cuobjdump --dump-resource-usage '" + path +
      "' 2>/dev/null";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  if (!pipe) return std::nullopt;
  std::string text;
  char part[4096];
  while (const size_t n = fread(part, 1, sizeof part, pipe.get())) text.append(part, n);
  const CardResources r = parse_resources(text);
  if (r.kernels == 0) return std::nullopt;
  return r;
}

}  // namespace fk::judge
