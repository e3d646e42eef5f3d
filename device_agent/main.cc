#include <string>
#include <vector>

#include "device_agent/sandbox/runner_process.h"
int main(int argc, char** argv) {
  return tunefarm::device_agent::RunnerMain(std::vector<std::string>(argv + 1, argv + argc));
}
