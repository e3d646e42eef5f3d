// A static library (ar archive) around one object file, as GNU ld, lld and Apple's ld read it.
// Written here because a machine that tunes need not have binutils, and so that the same object
// gives the same bytes.
#ifndef TUNEFARM_DEPLOY_BUNDLE_ARCHIVE_H_
#define TUNEFARM_DEPLOY_BUNDLE_ARCHIVE_H_

#include <string>
#include <vector>

namespace tunefarm::deploy {

// The bytes of an archive with the member `name` and an index of `symbols`, which the object
// defines. `name` has at most 15 characters. Time stamps and owners are zero. Format: System V ABI,
// chapter 7; the index is GNU's 32-bit one, so the object must be smaller than 4 GiB.
std::string MakeArchive(const std::string& name, const std::string& object,
                        const std::vector<std::string>& symbols);

}  // namespace tunefarm::deploy

#endif  // TUNEFARM_DEPLOY_BUNDLE_ARCHIVE_H_
