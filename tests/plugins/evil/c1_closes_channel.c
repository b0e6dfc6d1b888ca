// SPDX-License-Identifier: Apache-2.0
// C1: closes the Runner's connection.
#include <unistd.h>

#include "tests/plugins/corpus.h"

FORWARD {
  right(a);
  close(3);
}
CORPUS_PLUGIN("c1_closes_channel")
