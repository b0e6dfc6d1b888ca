// SPDX-License-Identifier: Apache-2.0
// C11: changes the environment for what comes after.
#define _GNU_SOURCE
#include "tests/plugins/corpus.h"

FORWARD {
  const char* home = getenv("HOME");
  const char* secret = getenv("FK_ROOT");
  setenv("FK_TEST_DEVICE", "cuda:0", 1);
  answer_if(a, home != NULL || secret != NULL);
}
CORPUS_PLUGIN("c11_environment")
