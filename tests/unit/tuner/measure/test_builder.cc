// A builder whose behaviour the test chooses by the config it asks for; the stand-in for a compiler
// that crashes or hangs. Never part of the product.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/child_process.h"
#include "tuner/measure/build_server.h"

namespace tunefarm::tuner {
namespace {

v1::BuildReply Build(const v1::BuildRequest& request) {
  const std::string& what = request.candidate().config();
  if (what == "abort") {
    std::fputs("LLVM ERROR: Cannot select: t7: v16f32\n", stderr);
    abort();
  }
  if (what == "segv") {
    signal(SIGSEGV, SIG_DFL);  // Sanitizers handle it.
    raise(SIGSEGV);
  }
  if (what == "exit") _exit(3);
  while (what == "hang") pause();
  v1::BuildReply reply;
  reply.set_ticket(request.ticket());
  reply.set_outcome(v1::OUTCOME_OK);
  reply.set_toolchain(std::to_string(getpid()));
  reply.mutable_kernel()->set_elf(std::string(request.candidate().workload().size() * 1000, 'x'));
  return reply;
}

}  // namespace
}  // namespace tunefarm::tuner

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "--broken") {
    std::fputs("error while loading shared libraries: libLLVM-19.so\n", stderr);
    return 127;
  }
  return tunefarm::tuner::ServeBuilds(tunefarm::base::ChildProcess::kExtraFd,
                                      tunefarm::tuner::Build);
}
