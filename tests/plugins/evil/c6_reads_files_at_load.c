// SPDX-License-Identifier: Apache-2.0
// C6: reads files while files are still needed to open it.
#include <fcntl.h>

#include "tests/plugins/corpus.h"

static int worked;
__attribute__((constructor)) static void look(void) {
  const char* names[] = {"/etc/passwd", "/etc/hostname", "/proc/cpuinfo", "/root/.bashrc", "/tmp"};
  for (int i = 0; i < 5; ++i) worked |= open(names[i], O_RDONLY) >= 0;
}
FORWARD { answer_if(a, worked); }
CORPUS_PLUGIN("c6_reads_files_at_load")
