// A process that starts a child that would live for long. Never part of the product.
#include <unistd.h>

#include "base/child_process.h"

int main() {
  tunefarm::base::ChildSpec spec;
  spec.program = "/bin/sh";
  spec.args = {"-c", "echo started; exec sleep 1000"};
  spec.stdout_fd = STDOUT_FILENO;
  const auto child = tunefarm::base::ChildProcess::Spawn(spec);
  pause();
  return 0;
}
