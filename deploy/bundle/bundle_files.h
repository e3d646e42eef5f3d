// The texts of a bundle, one function per file. Private to deploy/bundle: everybody else calls
// MakeBundle.
#ifndef TUNEFARM_DEPLOY_BUNDLE_BUNDLE_FILES_H_
#define TUNEFARM_DEPLOY_BUNDLE_BUNDLE_FILES_H_

#include <string>
#include <vector>

#include "compiler/target/target.h"
#include "deploy/bundle/bundle.h"

namespace tunefarm::deploy {

// kernel.h: prototypes, the buffers with names, layouts and sizes, and proto/kernel_abi.h inside
// (kernel_header.cc).
std::string KernelHeader(const compiler::Operator& op, const compiler::Artifact& artifact,
                         const Provenance& provenance);

// example.c: fills the inputs, calls the kernel, compares with the operator in plain C
// (example_program.cc).
std::string ExampleProgram(const compiler::Operator& op, const compiler::Artifact& artifact);

// The same for a board without an operating system: example.c with its own start-up, which reports
// and ends by semihosting, and board.ld, where it lies in the memory of Arm's MPS2 boards, which
// QEMU emulates (board_program.cc).
std::string BoardProgram(const compiler::Operator& op, const compiler::Artifact& artifact,
                         const compiler::Target& target);
std::string BoardLinkerScript();

// Parts that both programs share: `void* buffers[]` made by allocate() and filled with test data,
// and the call of reference() that writes `want` (example_program.cc). `apart`: the output lies
// where it is written fastest (proto/buffer_placement.h).
std::string BufferSetup(const compiler::Artifact& artifact, bool apart);
std::string ReferenceCall(const compiler::Operator& op, const compiler::Artifact& artifact);

// manifest.json: the same facts for machines, with the digests of `files` (manifest.cc).
std::string Manifest(const compiler::Operator& op, const compiler::Artifact& artifact,
                     const Provenance& provenance, const std::vector<BundleFile>& files);

// The dimensions of a buffer in memory order, as the operator names them ("n h w c"); "" for one
// that only the kernel itself reads (packed) (kernel_header.cc).
std::string DimensionNames(const compiler::Operator& op, const compiler::ArtifactBuffer& buffer);

}  // namespace tunefarm::deploy

#endif  // TUNEFARM_DEPLOY_BUNDLE_BUNDLE_FILES_H_
