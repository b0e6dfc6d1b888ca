// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/scaffold.hpp"

#include <cctype>
#include <map>
#include <optional>
#include <regex>

#include "core/base/error.hpp"
#include "core/base/nearest.hpp"
#include "core/plugin/cache.hpp"
#include "core/plugin/content_hash.hpp"

namespace fk::core {
namespace fs = std::filesystem;
namespace {

void check_name(const std::string& name, const char* what) {
  bool ok = !name.empty() && std::islower(static_cast<unsigned char>(name[0]));
  for (const unsigned char c : name) ok = ok && (std::islower(c) || std::isdigit(c) || c == '_');
  if (!ok)
    bad_input("{} \"{}\": a name starts with a-z and goes on with a-z, 0-9 and _", what, name);
}

void write(const fs::path& file, const std::string& text, Written& written) {
  write_atomically(file, std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
  written.push_back(file);
}

// The baseline's source that registers this task.
std::optional<fs::path> baseline_source(const fs::path& baselines, const TaskSpec& task,
                                        bool cuda) {
  const fs::path folder = baselines / (cuda ? "cuda" : task.level == 1 ? "reference" : "composed");
  if (!fs::is_directory(folder)) return std::nullopt;
  const std::regex registers("FK_IMPL\\(\\s*(::)?fk::" + camel_case(task.name) + "\\s*,");
  for (const auto& e : fs::recursive_directory_iterator(folder))
    if (e.path().extension() == (cuda ? ".cu" : ".cpp") &&
        std::regex_search(read_file(e.path()), registers))
      return e.path();
  return std::nullopt;
}

// A source with its local headers, all put side by side; headers by file name in `headers`.
std::string flatten(const fs::path& file, std::map<std::string, std::string>& headers) {
  static const std::regex include("#include \"([^\"]+)\"");
  const std::string text = read_file(file);
  std::string out;
  auto from = text.cbegin();
  for (std::sregex_iterator it(text.begin(), text.end(), include), end; it != end; ++it) {
    const fs::path local = file.parent_path() / (*it)[1].str();
    out.append(from, (*it)[0].first);
    from = (*it)[0].second;
    if (!fs::exists(local)) {  // the SDK's or a generated one
      out += (*it)[0].str();
      continue;
    }
    const std::string name = local.filename().string();
    if (headers.emplace(name, "").second) {
      std::string body = flatten(local, headers);
      headers[name] = std::move(body);
    }
    out += "#include \"" + name + "\"";
  }
  out.append(from, text.cend());
  return out;
}

// The baseline's registration under the new name; those of other tasks in the same file go.
std::string rename_impl(const std::string& text, const std::string& tag, const std::string& name) {
  const std::regex own("FK_IMPL\\(\\s*((::)?fk::" + tag +
                       ")\\s*,\\s*\"[^\"]*\"\\s*,\\s*\"[^\"]*\"");
  const std::regex others("\nFK_IMPL\\(\\s*(::)?fk::(?!" + tag + "\\s*,)[^\n]*\\)");
  return std::regex_replace(std::regex_replace(text, others, ""), own,
                            "FK_IMPL($1, \"" + name + "\", \"0.1.0\"");
}

// Not the baseline's namespace: the code is no part of it any more. What a CUDA baseline borrows of
// the reference keeps its own.
std::string rename_namespace(const std::string& text, bool cuda) {
  static const std::regex ours("\\bfk::(reference|composed)\\b"), ours_cuda("\\bfk::cuda\\b");
  return std::regex_replace(text, cuda ? ours_cuda : ours, "fk::candidate");
}

std::string skeleton(const TaskSpec& task, const std::string& name) {
  const std::string tag = camel_case(task.name);
  return fmt::format(R"(// {0}: {4}
#include "fk/tasks/{0}.h"

#include "fk/plugin.hpp"

namespace {{

class {1} {{
 public:
  {1}(fk::Builder&, const fk_{0}_init&) {{}}

  static void supports(fk_device, int32_t, const fk_{0}_init&) {{
    FK_SUPPORT(false, "not written yet: fill in forward() of {2} and remove this line");
  }}

  void forward(const fk::Run&, const fk_{0}_args&) {{}}
}};

FK_IMPL(fk::{1}, "{2}", "0.1.0", {3}, {1})

}}  // namespace
)",
                     task.name, tag, name, task.level == 1 ? "0" : "FK_IMPL_COMPOSITE", task.doc);
}

std::string cuda_skeleton(const TaskSpec& task, const std::string& name) {
  const std::string tag = camel_case(task.name);
  return fmt::format(R"(// {0}: {3}
#include "fk/tasks/{0}.h"

#include "fk/cuda.hpp"
#include "fk/device/pdl.cuh"

namespace {{

__global__ void {0}_kernel(int64_t n) {{
  fk::device::launch_next();
  fk::device::wait_for_previous();  // before it no tensor may be touched
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= n) return;
}}

void launch_{0}(int64_t n, cudaStream_t stream) {{
  fk::launch({0}_kernel, dim3(unsigned((n + 255) / 256)), dim3(256), 0, stream, true, n);
}}

class {1} {{
 public:
  static void supports(fk_device device, int32_t sm, const fk_{0}_init&) {{
    fk::support_cuda(device, sm, 90);
    FK_SUPPORT(false, "not written yet: fill in {0}_kernel of {2} and remove this line");
  }}

  {1}(fk::Builder&, const fk_{0}_init&) {{}}

  void forward(const fk::Run& run, const fk_{0}_args&) {{ launch_{0}(0, fk::stream_of(run)); }}
}};

FK_IMPL(fk::{1}, "{2}", "0.1.0", FK_IMPL_GRAPH_SAFE, {1})

}}  // namespace
)",
                     task.name, tag, name, task.doc);
}

}  // namespace

std::string camel_case(const std::string& name) {
  std::string out;
  bool upper = true;
  for (const char c : name) {
    if (c == '_')
      upper = true;
    else
      out += upper ? char(std::toupper(static_cast<unsigned char>(c))) : c, upper = false;
  }
  return out;
}

Written new_candidate(const Registry& registry, const std::string& task, const std::string& name,
                      const fs::path& candidates, const fs::path& baselines,
                      Manifest::Language language) {
  const TaskSpec& spec = registry.task(task);
  check_name(name, "candidate");
  const bool cuda = language == Manifest::Language::kCuda;
  const char* ext = cuda ? ".cu" : ".cpp";
  const fs::path folder = candidates / task / name;
  if (fs::exists(folder))
    bad_input("{}: it exists; choose another name or remove it", folder.string());
  Written written;
  write(folder / "plugin.yaml",
        fmt::format("name: {}\nversion: 0.1.0\nlanguage: {}\nsources: [\"*{}\"]\ntasks: [{}]\n",
                    name, cuda ? "cuda" : "cxx", ext, task),
        written);
  std::map<std::string, std::string> headers;
  const std::optional<fs::path> source = baseline_source(baselines, spec, cuda);
  std::string body = source ? rename_impl(flatten(*source, headers), camel_case(task), name)
                     : cuda ? cuda_skeleton(spec, name)
                            : skeleton(spec, name);
  if (source) {
    const std::string start = cuda ? "the CUDA baseline"
                              : spec.level == 1
                                  ? "the reference's loops"
                                  : "the baseline composite, which calls the same children";
    const std::string note = fmt::format(
        "// A candidate for {}. It starts as {}: change it, run it, compare.\n", task, start);
    constexpr std::string_view kLicence = "// SPDX-License-Identifier: Apache-2.0\n";
    body.insert(body.starts_with(kLicence) ? kLicence.size() : 0, note);
  }
  write(folder / (name + ext), rename_namespace(body, cuda), written);
  for (const auto& [file, text] : headers)
    write(folder / file, rename_namespace(text, cuda), written);
  return written;
}

namespace {

std::string task_yaml(const std::string& name, int level) {
  if (level == 1)
    return fmt::format(R"(task: {}
level: 1
revision: 1
doc: y = x * scale. Say here exactly what it computes and how it rounds; this is the definition that kernels are held to.
mirrors: {{}}
init:
  scale: {{type: float, default: 1.0}}
inputs:  {{x: {{type: tensor, shape: [n, d]}}}}
outputs: {{y: {{type: tensor, shape: [n, d], like: x}}}}
check:   {{error_vs_baseline: 2.0, deterministic: true}}
bytes:   2*n*d*e
flops:   n*d
cases:
  small: {{init: {{scale: 0.5}}, n: 3, d: 37, dtype: float32, weight: 1}}
)",
                       name);
  return fmt::format(R"(task: {}
level: {}
revision: 1
doc: y = silu(gate) * up of proj(x) = [gate | up]. Say here what it is made of; this is the definition that implementations are held to.
mirrors: {{}}
init:
  hidden_size: {{type: int}}
inputs:  {{x: {{type: tensor, shape: [n, hidden_size]}}}}
outputs: {{y: {{type: tensor, shape: [n, hidden_size]}}}}
check:   {{error_vs_baseline: 2.0, deterministic: true}}
bytes:   2*n*hidden_size*e + weight_bytes
flops:   4*n*hidden_size*hidden_size
cases:
  small: {{init: {{hidden_size: 24}}, n: 3, dtype: float32, weight: 1}}
)",
                     name, level);
}

std::string baseline_text(const std::string& name, int level) {
  const std::string tag = camel_case(name);
  if (level == 1)
    return fmt::format(R"(// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/{0}.h"

#include "../checks.hpp"
#include "../storage.hpp"

namespace fk::reference {{
namespace {{

class {1}Loops {{
 public:
  static void supports(fk_device device, int32_t, const fk_{0}_init&) {{ support_cpu(device); }}

  {1}Loops(Builder&, const fk_{0}_init& i) : scale_(i.scale) {{}}

  void forward(const Run& run, const fk_{0}_args& a) const {{
    require_shape("{0}", "x", a.x, {{kAny, kAny}});
    const Tensor x(a.x), y(a.y);
    require_shape("{0}", "y", a.y, {{x.size(0), x.size(1)}});
    double* row = run.scratch<double>(x.size(1));
    for (int64_t r = 0; r < x.size(0); ++r) {{
      load_row(x, r, row);
      for (int64_t i = 0; i < x.size(1); ++i) row[i] *= scale_;
      store_row(y, r, row);
    }}
  }}

 private:
  double scale_;
}};

FK_IMPL(fk::{1}, "reference", "1.0.0", FK_IMPL_BITWISE, {1}Loops)

}}  // namespace
}}  // namespace fk::reference
)",
                       name, tag);
  return fmt::format(R"(// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/{0}.h"

#include "../parallel.hpp"
#include "fk/tasks/linear.h"
#include "fk/tasks/silu_and_mul.h"

namespace fk::composed {{
namespace {{

class {1} {{
 public:
  {1}(Builder& b, const fk_{0}_init& i)
      : width_(i.hidden_size),
        proj_(b.child<fk::Linear>("proj", {{.in_features = i.hidden_size, .out_features = 2 * i.hidden_size}})),
        act_(b.child<fk::SiluAndMul>("act", {{}})) {{}}

  void forward(const Run& run, const fk_{0}_args& a) const {{
    TensorView h = run.tensor(a.x->dtype, {{a.x->shape[0], 2 * width_}});
    proj_(run, {{.x = a.x, .y = h}});
    act_(run, {{.x = h, .y = a.y}});
  }}

 private:
  int64_t width_;
  Child<fk::Linear> proj_;
  Child<fk::SiluAndMul> act_;
}};

FK_IMPL(fk::{1}, "composed", "1.0.0", kFlags, {1})

}}  // namespace
}}  // namespace fk::composed
)",
                     name, tag);
}

}  // namespace

Written new_task(const Registry& registry, const std::string& name, int level,
                 const fs::path& root) {
  check_name(name, "task");
  if (level < 1 || level > 4) bad_input("level {}: a task is of level 1 to 4", level);
  if (const TaskSpec* known = registry.find(name))
    bad_input("task {} exists: {}", name, known->file);
  const std::string folder = fmt::format("L{}", level);
  const fs::path source =
      root / "baselines" / (level == 1 ? "reference" : "composed") / folder / (name + ".cpp");
  if (fs::exists(source)) bad_input("{}: it exists", source.string());
  Written written;
  write(root / "registry/tasks" / folder / (name + ".yaml"), task_yaml(name, level), written);
  write(source, baseline_text(name, level), written);
  return written;
}

}  // namespace fk::core
