// By itself, so that a test can link a program as another version of it.
#include "base/version.h"

namespace tunefarm::base {
namespace {

// Stays in every executable, so that its version can be read without running it.
[[gnu::used, gnu::retain]] const char kStamp[] = TUNEFARM_VERSION_STAMP TUNEFARM_VERSION;

}  // namespace

Version OwnVersion() { return *ParseVersion(TUNEFARM_VERSION); }

}  // namespace tunefarm::base
