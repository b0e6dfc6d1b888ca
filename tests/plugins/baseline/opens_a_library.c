// SPDX-License-Identifier: Apache-2.0
// Needs a library that it opens in its first call, as cuDNN's plugin does.
#include <dlfcn.h>

#include "tests/plugins/corpus.h"

FORWARD {
  if (dlopen("libsqlite3.so.0", RTLD_NOW)) right(a);
}
CORPUS_PLUGIN("opens_a_library")
