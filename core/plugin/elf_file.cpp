// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/elf_file.hpp"

#include <elf.h>

#include <algorithm>
#include <cstring>

#include "core/base/error.hpp"

namespace fk::core {
namespace {

#if defined(__x86_64__)
constexpr uint16_t kMachine = EM_X86_64;
constexpr const char* kMachineName = "x86-64";
#elif defined(__aarch64__)
constexpr uint16_t kMachine = EM_AARCH64;
constexpr const char* kMachineName = "aarch64";
#else
#error "add this machine's ELF number"
#endif

class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  void require(uint64_t offset, uint64_t size, const char* what) const {
    if (offset > bytes_.size() || size > bytes_.size() - offset)
      bad_input("the file is truncated: its {} ends at byte {}, the file has {}", what,
                offset > UINT64_MAX - size ? UINT64_MAX : offset + size, bytes_.size());
  }
  template <class T>
  T at(uint64_t offset, const char* what) const {
    require(offset, sizeof(T), what);
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }
  std::string text(const Elf64_Shdr& table, uint64_t index) const {
    if (index >= table.sh_size) bad_input("the ELF string table has no byte {}", index);
    const char* p = reinterpret_cast<const char*>(bytes_.data()) + table.sh_offset + index;
    return {p, strnlen(p, table.sh_size - index)};
  }

 private:
  std::span<const uint8_t> bytes_;
};

void read_symbols(const Reader& r, const Elf64_Shdr& symbols, const Elf64_Shdr& strings,
                  ElfFile& out) {
  for (uint64_t i = 0; i < symbols.sh_size / sizeof(Elf64_Sym); ++i) {
    const auto s = r.at<Elf64_Sym>(symbols.sh_offset + i * sizeof(Elf64_Sym), "symbol table");
    const int bind = ELF64_ST_BIND(s.st_info), visibility = ELF64_ST_VISIBILITY(s.st_other);
    const bool defined =
        s.st_shndx != SHN_UNDEF && s.st_shndx != SHN_ABS;  // version names are absolute
    if (defined && (bind == STB_GLOBAL || bind == STB_WEAK || bind == STB_GNU_UNIQUE) &&
        (visibility == STV_DEFAULT || visibility == STV_PROTECTED))
      out.exports.push_back(r.text(strings, s.st_name));
    if (s.st_shndx == SHN_UNDEF && s.st_name != 0)
      out.imports.push_back(r.text(strings, s.st_name));
  }
}

void read_needed(const Reader& r, const Elf64_Shdr& dynamic, const Elf64_Shdr& strings,
                 ElfFile& out) {
  for (uint64_t i = 0; i < dynamic.sh_size / sizeof(Elf64_Dyn); ++i) {
    const auto d = r.at<Elf64_Dyn>(dynamic.sh_offset + i * sizeof(Elf64_Dyn), "dynamic section");
    if (d.d_tag == DT_NULL) break;
    if (d.d_tag == DT_NEEDED) out.needed.push_back(r.text(strings, d.d_un.d_val));
  }
}

// As bytes, at any offset: data among the code may look like one.
size_t count_system_calls(std::span<const uint8_t> code) {
  size_t n = 0;
  for (size_t i = 0; i + 1 < code.size(); ++i)
#if defined(__x86_64__)
    n += code[i] == 0x0f && code[i + 1] == 0x05;
#else
    n += i % 4 == 0 && i + 3 < code.size() && code[i] == 0x01 && code[i + 1] == 0 &&
         code[i + 2] == 0 && code[i + 3] == 0xd4;
#endif
  return n;
}

}  // namespace

ElfFile ElfFile::parse(std::span<const uint8_t> bytes) {
  const Reader r(bytes);
  if (bytes.empty()) bad_input("the file is empty");
  if (bytes.size() < SELFMAG || std::memcmp(bytes.data(), ELFMAG, SELFMAG) != 0)
    bad_input("not a shared library: the file does not start with an ELF header");
  const auto head = r.at<Elf64_Ehdr>(0, "ELF header");
  if (head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_machine != kMachine)
    bad_input("built for another machine (ELF machine {}), this process is {}", head.e_machine,
              kMachineName);
  if (head.e_type != ET_DYN) bad_input("not a shared library: ELF type {}", head.e_type);
  if (head.e_phentsize != sizeof(Elf64_Phdr))
    bad_input("damaged ELF header: e_phentsize {}", head.e_phentsize);
  ElfFile out;
  for (int i = 0; i < head.e_phnum; ++i) {
    const auto p =
        r.at<Elf64_Phdr>(head.e_phoff + uint64_t(i) * sizeof(Elf64_Phdr), "program header table");
    if (p.p_type == PT_LOAD) r.require(p.p_offset, p.p_filesz, "loadable segment");
    if (p.p_type == PT_LOAD && (p.p_flags & PF_W) && (p.p_flags & PF_X)) out.writable_code = true;
  }
  if (head.e_shnum == 0) return out;
  if (head.e_shentsize != sizeof(Elf64_Shdr))
    bad_input("damaged ELF header: e_shentsize {}", head.e_shentsize);
  std::vector<Elf64_Shdr> sections;
  for (int i = 0; i < head.e_shnum; ++i)
    sections.push_back(
        r.at<Elf64_Shdr>(head.e_shoff + uint64_t(i) * sizeof(Elf64_Shdr), "section header table"));
  for (const Elf64_Shdr& s : sections) {
    if (s.sh_type == SHT_INIT_ARRAY || s.sh_type == SHT_PREINIT_ARRAY)
      out.constructors += s.sh_size / sizeof(uint64_t);
    if ((s.sh_flags & SHF_EXECINSTR) && s.sh_type == SHT_PROGBITS) {
      r.require(s.sh_offset, s.sh_size, "code section");
      out.system_calls += count_system_calls(bytes.subspan(s.sh_offset, s.sh_size));
    }
    if (s.sh_type != SHT_DYNSYM && s.sh_type != SHT_DYNAMIC) continue;
    if (s.sh_link >= sections.size())
      bad_input("damaged ELF section header: sh_link {}", s.sh_link);
    const Elf64_Shdr& strings = sections[s.sh_link];
    r.require(s.sh_offset, s.sh_size, "dynamic symbol section");
    r.require(strings.sh_offset, strings.sh_size, "string table");
    if (s.sh_type == SHT_DYNSYM) read_symbols(r, s, strings, out);
    if (s.sh_type == SHT_DYNAMIC) read_needed(r, s, strings, out);
  }
  std::sort(out.exports.begin(), out.exports.end());
  std::sort(out.imports.begin(), out.imports.end());
  return out;
}

}  // namespace fk::core
