// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/library.hpp"

// Boost.DLL 1.74 with std::filesystem does not compile unless these come first.
#include <fstream>
#include <vector>
#define BOOST_DLL_USE_STD_FS
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/dll/shared_library.hpp>
#include <cctype>
#include <mutex>

#include "core/base/error.hpp"
#include "core/plugin/elf_file.hpp"
#include "core/plugin/load_host.hpp"

namespace fk::core {
namespace {

constexpr std::string_view kEntryStem = "fk_plugin_entry_v";
constexpr const char* kEntry = "fk_plugin_entry_v1";

bool is_entry(std::string_view symbol) {
  return symbol.starts_with(kEntryStem) && symbol.size() > kEntryStem.size() &&
         std::all_of(symbol.begin() + kEntryStem.size(), symbol.end(),
                     [](unsigned char c) { return std::isdigit(c); });
}

std::string first_few(const std::vector<std::string>& names) {
  constexpr size_t kShown = 4;
  const auto end = names.begin() + std::ptrdiff_t(std::min(names.size(), kShown));
  return fmt::format("{}{}", fmt::join(names.begin(), end, ", "),
                     names.size() > kShown ? ", ..." : "");
}

// "libx.so: cannot open shared object file: ..." out of Boost's sentence around dlerror().
std::string dlerror_text(std::string_view what) {
  constexpr std::string_view kMark = "dlerror system message: ";
  const size_t begin = what.find(kMark);
  if (begin == what.npos) return std::string(what);
  what.remove_prefix(begin + kMark.size());
  if (const size_t end = what.rfind(')'); end != what.npos) what = what.substr(0, end);
  return std::string(what);
}

// Never unloaded: fat binaries, thread-locals and static data of a plugin may be referred to for
// ever.
boost::dll::shared_library& keep_open(const std::filesystem::path& file) {
  static std::mutex mutex;
  static auto* open = new std::vector<std::unique_ptr<boost::dll::shared_library>>;
  auto library = std::make_unique<boost::dll::shared_library>(
      file, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
  const std::lock_guard lock(mutex);
  return *open->emplace_back(std::move(library));
}

fk_plugin_entry_fn open_entry(const std::filesystem::path& file) {
  try {
    return &keep_open(file).get<fk_status(const fk_host*, const fk_plugin**)>(kEntry);
  } catch (const std::exception& e) {
    const std::string text = dlerror_text(e.what());
    constexpr std::string_view kAbsent = ": cannot open shared object file";
    if (const size_t at = text.find(kAbsent); at != text.npos)
      missing(
          "missing library {}: install it or put its folder on LD_LIBRARY_PATH (needed by this "
          "plugin; {})",
          text.substr(0, at), text.substr(at + 2));
    missing("cannot be opened: {}", text);
  }
}

void check_descriptor(const fk_plugin* p) {
  if (!p) bad_input("{} returned FK_OK and no descriptor (NULL)", kEntry);
  if (!FK_HAS(p, impl_count))
    bad_input("its descriptor is {} bytes long, {} are needed", p->struct_size, sizeof(fk_plugin));
  if (p->abi_major != FK_ABI_MAJOR)
    bad_input("built for ABI major {}, this host has {}: rebuild the plugin with this host's SDK",
              p->abi_major, FK_ABI_MAJOR);
  if (p->abi_minor_needed > FK_ABI_MINOR)
    bad_input(
        "needs ABI {}.{}, this host has {}.{}: update the host, or build the plugin without the "
        "newer fields",
        FK_ABI_MAJOR, p->abi_minor_needed, FK_ABI_MAJOR, FK_ABI_MINOR);
  if (to_string(p->name).empty()) bad_input("its descriptor has no name");
  if (!p->impls || p->impl_count == 0) bad_input("it holds no implementation: is FK_IMPL missing?");
}

}  // namespace

void check_library(std::span<const uint8_t> bytes) {
  const ElfFile elf = ElfFile::parse(bytes);
  std::vector<std::string> entries, others;
  for (const std::string& s : elf.exports) (is_entry(s) ? entries : others).push_back(s);
  if (entries.empty())
    bad_input("exports no {}{}: is FK_PLUGIN missing?", kEntry,
              others.empty() ? std::string() : fmt::format(" (it exports {})", first_few(others)));
  if (std::find(entries.begin(), entries.end(), kEntry) == entries.end())
    bad_input(
        "exports {}, this host speaks ABI major {} ({}): rebuild the plugin with this host's SDK",
        first_few(entries), FK_ABI_MAJOR, kEntry);
  if (!others.empty())
    bad_input(
        "exports {} symbol{} besides its entry ({}): build it with fk_add_plugin or its version "
        "script",
        others.size(), others.size() == 1 ? "" : "s", first_few(others));
}

const fk_plugin* open_library(const std::filesystem::path& file) {
  const fk_plugin_entry_fn entry = open_entry(file);
  const fk_plugin* plugin = nullptr;
  error_record().clear();
  const fk_status s = contain(kEntry, [&] { return entry(load_host(), &plugin); });
  if (s != FK_OK) bad_input("{} failed: {}", kEntry, take_error(s));
  check_descriptor(plugin);
  return plugin;
}

}  // namespace fk::core
