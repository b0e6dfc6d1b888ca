// SPDX-License-Identifier: Apache-2.0
// C3, T4: computes honestly, and puts a clock of its own, ten times as slow, into the tables of
// addresses of everything that is loaded. The time that counts is taken in another process.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <time.h>

#include "tests/plugins/corpus.h"

static int64_t begin;
static int slow_clock(clockid_t id, struct timespec* t) {
  const int r = clock_gettime(id, t);
  const int64_t now = (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
  if (begin == 0) begin = now;
  const int64_t shown = begin + (now - begin) / 10;
  t->tv_sec = shown / 1000000000, t->tv_nsec = shown % 1000000000;
  return r;
}

static void patch(const ElfW(Rela) * rela, size_t bytes, const ElfW(Sym) * symbols,
                  const char* names, ElfW(Addr) base) {
  for (size_t i = 0; i < bytes / sizeof *rela; ++i) {
    if (strcmp(names + symbols[ELF64_R_SYM(rela[i].r_info)].st_name, "clock_gettime") != 0)
      continue;
    void** slot = (void**)(base + rela[i].r_offset);
    void* page = (void*)((uintptr_t)slot & ~(uintptr_t)4095);
    if (mprotect(page, 4096, PROT_READ | PROT_WRITE) == 0) *slot = (void*)slow_clock;
  }
}

static int visit(struct dl_phdr_info* info, size_t size, void* own) {
  (void)size;
  const ElfW(Dyn)* dynamic = NULL;
  for (int i = 0; i < info->dlpi_phnum; ++i)
    if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
      dynamic = (const ElfW(Dyn)*)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
  if (!dynamic || strstr(info->dlpi_name, "c3_patches_clock") || strstr(info->dlpi_name, "vdso"))
    return 0;
  const ElfW(Rela)* plt = NULL, *rest = NULL;
  const ElfW(Sym)* symbols = NULL;
  const char* names = NULL;
  size_t plt_bytes = 0, rest_bytes = 0;
  for (const ElfW(Dyn)* d = dynamic; d->d_tag != DT_NULL; ++d) {
    if (d->d_tag == DT_JMPREL) plt = (const ElfW(Rela)*)d->d_un.d_ptr;
    if (d->d_tag == DT_PLTRELSZ) plt_bytes = d->d_un.d_val;
    if (d->d_tag == DT_RELA) rest = (const ElfW(Rela)*)d->d_un.d_ptr;
    if (d->d_tag == DT_RELASZ) rest_bytes = d->d_un.d_val;
    if (d->d_tag == DT_SYMTAB) symbols = (const ElfW(Sym)*)d->d_un.d_ptr;
    if (d->d_tag == DT_STRTAB) names = (const char*)d->d_un.d_ptr;
  }
  if (!symbols || !names) return 0;
  if (plt) patch(plt, plt_bytes, symbols, names, info->dlpi_addr);
  if (rest) patch(rest, rest_bytes, symbols, names, info->dlpi_addr);
  (void)own;
  return 0;
}

FORWARD {
  static int done;
  if (!done++) dl_iterate_phdr(visit, NULL);
  right(a);
}
CORPUS_PLUGIN("c3_patches_clock")
