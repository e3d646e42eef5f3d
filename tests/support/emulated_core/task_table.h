/* The memory that a test shares with the monitor on an emulated core; images, buffers and scratch
 * memory follow in the same block. Its address stands where each monitor was told when it was built
 * (TABLE_POINTER_ADDRESS). */
#ifndef TUNEFARM_TESTS_SUPPORT_EMULATED_CORE_TASK_TABLE_H_
#define TUNEFARM_TESTS_SUPPORT_EMULATED_CORE_TASK_TABLE_H_

#include <stdint.h>

/* Addresses on the core. */
typedef struct task {
  uint32_t run, prepare; /* Entries; prepare may be 0. */
  uint32_t buffers;      /* Of an array of pointers. */
  uint32_t scratch;
  uint64_t run_ticks, prepare_ticks; /* Written by the monitor. */
} task;

typedef struct task_table {
  uint32_t num_tasks;
  uint32_t total_bytes; /* Of the whole block, which is written to the result file at the end. */
  uint32_t running;     /* The last task that was started. */
  uint32_t fault;       /* 0, 1 (a kernel's result was not 0), or CFSR with bit 31. */
  uint64_t overhead_ticks;
  uint32_t result_path_bytes;
  uint32_t reserved;
  char result_path[256];
  task tasks[];
} task_table;

#endif /* TUNEFARM_TESTS_SUPPORT_EMULATED_CORE_TASK_TABLE_H_ */
