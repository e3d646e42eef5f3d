// main of test programs that build kernels: they are their own builders.
#include <gtest/gtest.h>

#include "tuner/measure/build_worker.h"

int main(int argc, char** argv) {
  if (const std::optional<int> code = tunefarm::tuner::RunAsBuildWorker(argc, argv)) return *code;
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
