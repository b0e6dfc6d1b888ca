// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>

#include "core/base/dtype.hpp"
#include "core/base/error.hpp"
#include "core/base/nearest.hpp"
#include "core/weights/convert.hpp"
#include "core/weights/host_arena.hpp"
#include "core/weights/name_map.hpp"
#include "core/weights/pattern.hpp"
#include "core/weights/tensor_readers.hpp"
#include "core/weights/tensor_view.hpp"
#include "core/weights/weight_store.hpp"

namespace fk::core {
using namespace names;
namespace {

// A source with its tensor (null when seeded) and the shape it must have in the file, of values
// rather than bytes.
struct Part {
  ResolvedSource source;
  const FileTensor* tensor = nullptr;
  std::vector<int64_t> shape;
};

class MappedStore final : public WeightStore {
 public:
  MappedStore(std::shared_ptr<TensorFile> file, uint64_t seed, NameMap map, const Json& init)
      : file_(std::move(file)),
        seed_(seed),
        map_(std::move(map)),
        names_(param_names(map_, file_.get(), init)) {}

  const fk_tensor* get(const ParamRequest& r) override {
    if (r.tp_size > 1)
      missing(
          "param \"{}\" under tp_size {}: weights are loaded whole, a rank's share of them is not; "
          "use tp_size 1",
          r.path, r.tp_size);
    const std::vector<Part> parts = find_parts(r);
    // Two paths with one source (tied embeddings) have one copy; so has a path that is asked for
    // twice.
    std::string key = fmt::format("{}|{}|{}", dtype_name(r.dtype), r.quant, shape_text(r.shape));
    for (const Part& p : parts)
      key += fmt::format("|{}:{}:{}:{}", p.source.name, shape_text(p.shape), p.source.head_rows,
                         p.source.transpose);
    auto at = views_.find(key);
    if (at == views_.end()) {
      const uint8_t* data = in_place(r, parts);
      if (!data) data = make(r, parts);
      at = views_.try_emplace(key, data, r.shape, r.dtype).first;
    }
    for (const Part& p : parts)
      if (p.tensor) used_.insert(p.tensor->name);
    return &at->second.tensor;
  }

  std::vector<std::span<const uint8_t>> runs(const ParamRequest& r) override {
    if (!file_ || r.tp_size > 1) return {};
    const std::vector<Part> parts = find_parts(r);
    if (parts.size() < 2) return {};
    std::vector<std::span<const uint8_t>> out;
    for (const Part& p : parts) {
      if (!as_it_is(r, p)) return {};
      out.emplace_back(p.tensor->data, p.tensor->bytes);
    }
    for (const Part& p : parts) used_.insert(p.tensor->name);
    return out;
  }

  std::vector<std::string> unused() const override {
    std::vector<std::string> names;
    if (!file_) return names;
    for (const auto& [name, tensor] : file_->tensors())
      if (!used_.contains(name) && !ignored(name)) names.push_back(name);
    return names;
  }
  size_t bytes() const override { return arena_.bytes(); }

 private:
  bool ignored(std::string_view name) const {
    for (const Ignored& i : map_.ignore)
      for (const std::string& prefix : map_.prefix)
        if (name.starts_with(prefix) && match_pattern(i.pattern, name.substr(prefix.size())) &&
            (!i.when || i.when->eval_bool(names_.lookup())))
          return true;
    return false;
  }

  // Elements a row of blocks stands for; plain tensors keep their shape.
  static std::vector<int64_t> value_shape(const ParamRequest& r) {
    std::vector<int64_t> shape = r.shape;
    if (r.quant == "none") return shape;
    const std::optional<BlockInfo> block = block_info(r.quant);
    if (!block || shape.size() != 2 || shape[1] % block->bytes != 0 ||
        !same(r.dtype, {FK_UINT, 8, 1}))
      bad_input("param {}: {} {} cannot hold rows of {} blocks", r.path, dtype_name(r.dtype),
                shape_text(r.shape), r.quant);
    shape[1] = shape[1] / block->bytes * block->elements;
    return shape;
  }

  std::vector<Part> find_parts(const ParamRequest& r) const {
    std::string path = r.path;
    if (r.quant != "none" && path.ends_with(".blocks")) path.replace(path.size() - 6, 6, "weight");
    Resolved resolved = resolve_param(map_, path, names_);
    const std::vector<int64_t> shape = value_shape(r);
    std::vector<Part> parts;
    for (ResolvedSource& s : resolved.sources) {
      Part p{std::move(s), nullptr, {}};
      if (file_) p.tensor = &source_tensor(p.source.name, r);
      parts.push_back(std::move(p));
    }
    int64_t rows = 0;
    for (Part& p : parts) {
      p.shape = shape;
      if (resolved.concat && !shape.empty()) {
        p.shape[0] = p.source.rows >= 0                     ? p.source.rows
                     : p.tensor && !p.tensor->shape.empty() ? p.tensor->shape[0]
                                                            : -1;
        if (p.shape[0] < 0) bad_input("{}: {} needs rows: in a concat", map_.file, p.source.name);
        rows += p.shape[0];
      }
      const int64_t head = p.source.head_rows, part_rows = p.shape.empty() ? 1 : p.shape[0];
      if (head < 0 || head % 2 != 0 || (head > 0 && part_rows % head != 0))
        bad_input("{}: {}: {} rows cannot be un-permuted in heads of {}", map_.file, p.source.name,
                  part_rows, head);
      if (p.tensor) check(r, p);
    }
    if (resolved.concat && (shape.empty() || rows != shape[0])) {
      std::vector<std::string> texts;
      for (const Part& p : parts)
        texts.push_back(fmt::format("{} ({})", p.source.name, p.shape.empty() ? 0 : p.shape[0]));
      bad_input("param {} is {}, but its sources have {} rows: {}", r.path, shape_text(r.shape),
                rows, fmt::join(texts, " + "));
    }
    return parts;
  }

  const FileTensor& source_tensor(const std::string& name, const ParamRequest& r) const {
    for (const std::string& prefix : map_.prefix)
      if (const FileTensor* t = file_->find(prefix + name)) return *t;
    std::vector<std::string> names;
    for (const auto& [n, unused] : file_->tensors()) names.push_back(n);
    bad_input("{}: no tensor \"{}\" for {}{}", file_->name(), name, r.path,
              did_you_mean(name, names));
  }

  void check(const ParamRequest& r, const Part& p) const {
    const FileTensor& t = *p.tensor;
    std::vector<int64_t> expected = p.shape;
    if (p.source.transpose) std::reverse(expected.begin(), expected.end());
    if (!p.source.reshape.empty()) {
      if (element_count(p.source.reshape) != element_count(expected))
        bad_input("{}: {}: reshape {} holds other values than {} of {}", map_.file, p.source.name,
                  shape_text(p.source.reshape), shape_text(expected), r.path);
      expected = p.source.reshape;
    }
    if (!t.plain() && !block_info(t.ggml_type))
      bad_input(
          "{}: tensor \"{}\" is {}, which cannot be read; readable are F32, F16, BF16, Q4_0, Q4_1, "
          "Q8_0, Q4_K "
          "and Q6_K: convert the file",
          t.file, t.name, ggml_type_name(t.ggml_type));
    const bool blocks = r.quant != "none";
    const bool type_fits = blocks              ? !t.plain() && quant_of(t.ggml_type) == r.quant
                           : is_float(r.dtype) ? !t.plain() || is_float(t.dtype)
                                               : t.plain() && same(t.dtype, r.dtype);
    if (t.shape == expected && type_fits) return;
    const std::string wanted = blocks ? r.quant + " blocks" : std::string(dtype_name(r.dtype));
    bad_input("{}: tensor \"{}\" is {} {}, but {} needs {} {}", t.file, t.name, t.type_name(),
              shape_text(t.shape), r.path, wanted, shape_text(expected));
  }

  // Whether a part's bytes in the file are what was asked for.
  static bool as_it_is(const ParamRequest& r, const Part& p) {
    if (!p.tensor || p.source.head_rows > 0 || p.source.transpose) return false;
    return r.quant != "none" || (p.tensor->plain() && same(p.tensor->dtype, r.dtype));
  }
  static const uint8_t* in_place(const ParamRequest& r, const std::vector<Part>& parts) {
    return parts.size() == 1 && as_it_is(r, parts[0]) ? parts[0].tensor->data : nullptr;
  }

  RowReader reader(const Part& p, int64_t rows, int64_t row_elements) const {
    if (p.tensor) return {*p.tensor, rows, row_elements};
    std::vector<int64_t> shape = p.shape;
    if (p.source.transpose) std::reverse(shape.begin(), shape.end());
    if (!p.source.reshape.empty()) shape = p.source.reshape;
    const SeedScale scale = p.source.seeded.value_or(default_seed_scale(p.source.name, shape));
    return {SeededTensor(seed_, p.source.name, scale), rows, row_elements};
  }

  const uint8_t* make(const ParamRequest& r, const std::vector<Part>& parts) {
    if (!file_ && r.quant == "none" && !is_float(r.dtype))
      bad_input("param {}: seeded weights are floating-point, not {}", r.path, dtype_name(r.dtype));
    const size_t element = dtype_bytes(r.dtype);
    const int64_t total = *element_count(r.shape);
    uint8_t* const data = arena_.allocate(size_t(total) * element);
    uint8_t* out = data;
    for (const Part& p : parts) {
      const int64_t rows = p.shape.empty() ? 1 : p.shape[0], count = *element_count(p.shape);
      if (count == 0) continue;
      // Vectors that keep their order are one row: rows of one element would be slow.
      const bool vector = p.shape.size() <= 1 && p.source.head_rows == 0;
      if (p.source.transpose) {
        transposed(r, p, out);
        out += size_t(count) * element;
        continue;
      }
      const RowReader in = reader(p, vector ? 1 : rows, vector ? count : count / rows);
      const size_t row_bytes =
          r.quant == "none" ? size_t(in.row_elements()) * element : size_t(r.shape[1]);
      parallel_ranges(in.rows(), count * 4, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
          const int64_t from = permuted_row(row, p.source.head_rows);
          uint8_t* to = out + size_t(row) * row_bytes;
          r.quant == "none" ? in.read(from, r.dtype, to) : in.read_blocks(from, r.quant, to);
        }
      });
      out += size_t(in.rows()) * row_bytes;
    }
    return data;
  }

  void transposed(const ParamRequest& r, const Part& p, uint8_t* out) {
    if (p.shape.size() != 2 || r.quant != "none")
      bad_input("param {}: only plain matrices can be transposed", r.path);
    const int64_t rows = p.shape[0], columns = p.shape[1];
    const size_t element = dtype_bytes(r.dtype);
    const RowReader in = reader(p, columns, rows);
    std::vector<uint8_t> line(size_t(rows) * element);
    for (int64_t c = 0; c < columns; ++c) {
      in.read(c, r.dtype, line.data());
      for (int64_t row = 0; row < rows; ++row)
        std::copy_n(&line[size_t(row) * element], element,
                    out + size_t(row * columns + c) * element);
    }
  }

  std::shared_ptr<TensorFile> file_;
  uint64_t seed_;
  NameMap map_;
  Names names_;
  HostArena arena_;
  std::map<std::string, TensorView> views_;
  std::set<std::string, std::less<>> used_;
};

}  // namespace

std::unique_ptr<WeightStore> WeightStore::open(std::shared_ptr<TensorFile> file,
                                               const std::filesystem::path& name_map,
                                               const Json& init) {
  NameMap map = NameMap::load(name_map);
  map.check(*file);
  return std::make_unique<MappedStore>(std::move(file), 0, std::move(map), init);
}

std::unique_ptr<WeightStore> WeightStore::seeded(uint64_t seed,
                                                 const std::filesystem::path& name_map,
                                                 const Json& init) {
  return std::make_unique<MappedStore>(nullptr, seed, NameMap::load(name_map), init);
}

}  // namespace fk::core
