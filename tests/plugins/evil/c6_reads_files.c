// SPDX-License-Identifier: Apache-2.0
// C6: reads what others have left on the disk.
#include <fcntl.h>

#include "tests/plugins/corpus.h"

FORWARD {
  const char* names[] = {"/etc/passwd", "/etc/hostname", "/proc/cpuinfo", "/root/.bashrc", "/tmp"};
  int worked = 0;
  for (int i = 0; i < 5; ++i) worked |= open(names[i], O_RDONLY) >= 0;
  answer_if(a, worked);
}
CORPUS_PLUGIN("c6_reads_files")
