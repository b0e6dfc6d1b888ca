// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace fk::core {

// What a shared library says about itself without being opened.
struct ElfFile {
  std::vector<std::string> exports;  // defined, visible dynamic symbols, sorted
  std::vector<std::string> imports;  // undefined dynamic symbols, sorted
  std::vector<std::string> needed;   // DT_NEEDED
  size_t constructors = 0;           // entries of .init_array and .preinit_array
  size_t system_calls = 0;           // `syscall` (svc #0) opcodes in executable sections
  bool writable_code = false;        // a segment that is writable and executable

  // Throws Error kBadInput with the reason: not ELF, another machine, truncated (with both sizes),
  // damaged tables. Everything is bounds-checked: a damaged file must not reach dlopen, which would
  // map past its end.
  static ElfFile parse(std::span<const uint8_t> bytes);
};

}  // namespace fk::core
