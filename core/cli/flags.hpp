// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <CLI/CLI.hpp>

#include "core/cli/cli.hpp"

namespace fk::core {

// Parses the words of a command. False when help was asked for and printed. Throws Error for a flag
// that does not exist (with the nearest one), one without its value, and a value of the wrong kind.
bool parse_flags(CLI::App&, const Words&);

}  // namespace fk::core
