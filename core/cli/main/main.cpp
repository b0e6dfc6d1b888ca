// SPDX-License-Identifier: Apache-2.0
#include "core/cli/cli.hpp"

int main(int argc, char** argv) { return fk::core::cli_main(argc, argv); }
