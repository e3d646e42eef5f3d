// softmax in plain C, for c_reference.h: text that stands in a deployed bundle's example.
#ifndef TUNEFARM_DEPLOY_BUNDLE_C_SOFTMAX_H_
#define TUNEFARM_DEPLOY_BUNDLE_C_SOFTMAX_H_

#include <string>

#include "compiler/op/workload.h"

namespace tunefarm::deploy {

// fixed_exp() and fixed_reciprocal(), on top of c_reference.cc's high_mul() and
// divide_by_power_of_two().
extern const char kCFixedExp[];

// exp_of(x) for x <= 0 in type real: by the C library, and without one in float.
extern const char kCHostedExp[];
extern const char kCFloatExp[];

// The statements of reference(): in s8 they call fixed_exp(), fixed_reciprocal(), rescale() and
// clamp(), in f32 exp_of().
std::string CSoftmaxBody(const compiler::Workload& workload);

}  // namespace tunefarm::deploy

#endif  // TUNEFARM_DEPLOY_BUNDLE_C_SOFTMAX_H_
