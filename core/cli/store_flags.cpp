// SPDX-License-Identifier: Apache-2.0
#include "core/cli/store_flags.hpp"

namespace fk::core {

void StoreFlags::add_to(CLI::App& app) {
  auto* named = app.add_option("--store", file,
                               "where the results go (default: $FK_STORE, else ~/.local/share/...)")
                    ->type_name("FILE");
  app.add_flag("--no-store", off, "record nothing")->excludes(named);
}

}  // namespace fk::core
