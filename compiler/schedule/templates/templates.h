// The templates, one pair of functions each: whether it takes an operator, and binding it.
// catalogue.cc asks them in order.
#ifndef TUNEFARM_COMPILER_SCHEDULE_TEMPLATES_TEMPLATES_H_
#define TUNEFARM_COMPILER_SCHEDULE_TEMPLATES_TEMPLATES_H_

#include <memory>

#include "compiler/schedule/template.h"

namespace tunefarm::compiler {

// Matrix products (dense, matmul, 1x1 convolution): register tiles over m x n, weights packed in
// panels (gemm.cc).
bool TakesGemm(const Operator& op);
std::unique_ptr<BoundTemplate> BindGemm(const Operator& op, const Target& target);

// Direct convolution with vectors over output channels, NHWC, NCHW (through packing stages) and
// blocked NCHW[x]c (conv2d_direct.cc).
bool TakesConv2dDirect(const Operator& op);
std::unique_ptr<BoundTemplate> BindConv2dDirect(const Operator& op, const Target& target);

// s8 convolutions and matrix products with requantisation on a Cortex-M with the DSP extension
// (cortex_m_pair_tile.cc).
bool TakesCortexMPairTile(const Operator& op, const Target& target);
std::unique_ptr<BoundTemplate> BindCortexMPairTile(const Operator& op, const Target& target);

// s8 depthwise convolutions there (cortex_m_window_rows.cc).
bool TakesCortexMWindowRows(const Operator& op, const Target& target);
std::unique_ptr<BoundTemplate> BindCortexMWindowRows(const Operator& op, const Target& target);

// s8 addition of two like tensors there (cortex_m_table_add.cc).
bool TakesCortexMTableAdd(const Operator& op, const Target& target);
std::unique_ptr<BoundTemplate> BindCortexMTableAdd(const Operator& op, const Target& target);

// s8 softmax there (cortex_m_table_softmax.cc).
bool TakesCortexMTableSoftmax(const Operator& op, const Target& target);
std::unique_ptr<BoundTemplate> BindCortexMTableSoftmax(const Operator& op, const Target& target);

// Windows that keep channels apart: depthwise convolution and pooling on NHWC (window.cc).
bool TakesWindow(const Operator& op);
std::unique_ptr<BoundTemplate> BindWindow(const Operator& op, const Target& target);

// Any of the others with one more knob: which of the target's code memories, of which there is at
// least one, the kernel runs from (code_placement.cc). `stage` is one of the operator's.
std::unique_ptr<BoundTemplate> WithCodePlacement(std::unique_ptr<BoundTemplate> inner,
                                                 const Target& target, std::string stage);

// Anything: the operator's own loops, the innermost vectorised (plain.cc).
std::unique_ptr<BoundTemplate> BindPlain(const Operator& op, const Target& target);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_SCHEDULE_TEMPLATES_TEMPLATES_H_
