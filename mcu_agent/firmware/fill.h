/* Test tensors from a seed (proto/tensor_fill.h). */
#ifndef TUNEFARM_MCU_AGENT_FIRMWARE_FILL_H_
#define TUNEFARM_MCU_AGENT_FIRMWARE_FILL_H_

#include "proto/mcu_mailbox.h"

/* Returns an enum tunefarm_task_status: OK or BAD_TASK. */
uint32_t fill_tensor(const tunefarm_fill_task* task);

#endif /* TUNEFARM_MCU_AGENT_FIRMWARE_FILL_H_ */
