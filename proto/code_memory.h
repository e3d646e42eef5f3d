/* How the memory that a kernel's code runs from is named between compiler, tuner, tracker and boards without
 * an OS: by a section of the kernel's ELF file and by a feature that boards announce and kernels ask for.
 */
#ifndef TUNEFARM_PROTO_CODE_MEMORY_H_
#define TUNEFARM_PROTO_CODE_MEMORY_H_

#include <stddef.h>

/* Section .text.itcm: code for memory itcm. */
#define TUNEFARM_CODE_SECTION_PREFIX ".text."
/* Feature code:itcm: a board that runs code from memory itcm. */
#define TUNEFARM_CODE_FEATURE_PREFIX "code:"
#define TUNEFARM_MAX_MEMORY_NAME 32

/* 1 to 32 characters a-z, 0-9 and _, the first of them a-z. */
static inline int tunefarm_is_memory_name(const char* text, size_t length) {
  if (length == 0 || length > TUNEFARM_MAX_MEMORY_NAME || text[0] < 'a' || text[0] > 'z') return 0;
  for (size_t i = 1; i < length; ++i) {
    const char c = text[i];
    if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_') return 0;
  }
  return 1;
}

#endif /* TUNEFARM_PROTO_CODE_MEMORY_H_ */
