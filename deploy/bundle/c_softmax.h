// softmax in plain C, for c_reference.h: text that stands in a deployed bundle's example.
#ifndef TUNEFARM_DEPLOY_BUNDLE_C_SOFTMAX_H_
#define TUNEFARM_DEPLOY_BUNDLE_C_SOFTMAX_H_

#include <string>

#include "compiler/op/workload.h"

namespace tunefarm::deploy {

// fixed_exp() and fixed_reciprocal(), on top of c_reference.cc's high_mul() and
// divide_by_power_of_two().
extern const char kCFixedExp[];

// The statements of reference(): in s8 they call what stands above and rescale(), clamp().
std::string CSoftmaxBody(const compiler::Workload& workload);

}  // namespace tunefarm::deploy

#endif  // TUNEFARM_DEPLOY_BUNDLE_C_SOFTMAX_H_
