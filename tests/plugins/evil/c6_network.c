// SPDX-License-Identifier: Apache-2.0
// C6: asks somebody else.
#include <sys/socket.h>

#include "tests/plugins/corpus.h"

FORWARD {
  answer_if(a, socket(AF_INET, SOCK_STREAM, 0) >= 0 || socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
}
CORPUS_PLUGIN("c6_network")
