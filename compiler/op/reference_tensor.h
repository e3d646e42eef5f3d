// Tensors as the reference sees them: typed, and in one canonical order whatever the workload's
// layout: images n h w c, weights kh kw (input channel of the group) oc. Private to the reference.
#ifndef TUNEFARM_COMPILER_OP_REFERENCE_TENSOR_H_
#define TUNEFARM_COMPILER_OP_REFERENCE_TENSOR_H_

#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "compiler/op/reference.h"

namespace tunefarm::compiler {

template <typename T>
std::vector<T> FromBytes(const TensorBytes& bytes) {
  std::vector<T> elems(bytes.size() / sizeof(T));
  std::memcpy(elems.data(), bytes.data(), elems.size() * sizeof(T));
  return elems;
}

template <typename T>
TensorBytes ToBytes(const std::vector<T>& elems) {
  TensorBytes bytes(elems.size() * sizeof(T));
  std::memcpy(bytes.data(), elems.data(), bytes.size());
  return bytes;
}

// Calls fn(position in memory, position in n h w c order) for every element. extents: n, h, w, c.
template <typename Fn>
void ForEachElement(const Workload& workload, const std::array<int64_t, 4>& extents, Fn&& fn) {
  const auto [num_n, num_h, num_w, num_c] = extents;
  const int64_t block = workload.layout == Layout::kNchwc  ? workload.channel_block
                        : workload.layout == Layout::kNchw ? 1
                                                           : num_c;
  // All layouts are n, c / block, h, w, c % block: nhwc has one block of all channels, nchw blocks
  // of one.
  int64_t in_memory = 0;
  for (int64_t n = 0; n < num_n; ++n) {
    for (int64_t c_block = 0; c_block < num_c / block; ++c_block) {
      for (int64_t h = 0; h < num_h; ++h) {
        for (int64_t w = 0; w < num_w; ++w) {
          for (int64_t lane = 0; lane < block; ++lane, ++in_memory) {
            fn(in_memory, ((n * num_h + h) * num_w + w) * num_c + c_block * block + lane);
          }
        }
      }
    }
  }
}

// An image of the workload's layout in n h w c order, and back.
template <typename T>
std::vector<T> ReadImage(const Workload& workload, const std::array<int64_t, 4>& extents,
                         const TensorBytes& bytes) {
  const std::vector<T> stored = FromBytes<T>(bytes);
  std::vector<T> image(stored.size());
  ForEachElement(workload, extents,
                 [&](int64_t memory, int64_t nhwc) { image[nhwc] = stored[memory]; });
  return image;
}

template <typename T>
TensorBytes WriteImage(const Workload& workload, const std::array<int64_t, 4>& extents,
                       const std::vector<T>& image) {
  std::vector<T> stored(image.size());
  ForEachElement(workload, extents,
                 [&](int64_t memory, int64_t nhwc) { stored[memory] = image[nhwc]; });
  return ToBytes(stored);
}

// Weights in the order kh, kw, input channel of the group, oc.
template <typename T>
std::vector<T> ReadWeights(const Workload& w, const TensorBytes& bytes) {
  std::vector<T> stored = FromBytes<T>(bytes);
  if (w.layout != Layout::kNchw && w.layout != Layout::kNchwc) return stored;
  const int64_t group_c = w.op == OpKind::kDepthwiseConv2d ? 1 : w.c / w.groups;
  std::vector<T> weights(stored.size());
  int64_t in_memory = 0;
  for (int64_t oc = 0; oc < w.oc; ++oc) {
    for (int64_t ic = 0; ic < group_c; ++ic) {
      for (int64_t tap = 0; tap < w.kh * w.kw; ++tap) {
        weights[(tap * group_c + ic) * w.oc + oc] = stored[in_memory++];
      }
    }
  }
  return weights;
}

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_OP_REFERENCE_TENSOR_H_
