// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

namespace fk::tracking {

// Which server, as whom: the variables that MLflow's own client reads.
struct Settings {
  std::string uri;  // http:// or https://, without a last slash; "": nothing is sent
  std::string experiment = "fastkernels", experiment_id;  // the id counts where it is given
  std::string username, password, token;                  // basic where both are there, else bearer
  bool insecure_tls = false;
  std::string server_cert, client_cert;  // PEM files

  // `uri`: of a flag, before MLFLOW_TRACKING_URI. Throws Error for one that is no http(s) address.
  static Settings from_environment(const std::string& uri = "");

  // The address without a password in it.
  std::string shown() const;
};

}  // namespace fk::tracking
