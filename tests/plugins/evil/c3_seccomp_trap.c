// SPDX-License-Identifier: Apache-2.0
// C3: handles SIGSYS, to answer system calls itself.
#include <signal.h>
#include <sys/prctl.h>

#include "tests/plugins/corpus.h"

FORWARD { answer_if(a, signal(SIGSYS, SIG_IGN) != SIG_ERR || prctl(PR_SET_SECCOMP, 1) == 0); }
CORPUS_PLUGIN("c3_seccomp_trap")
