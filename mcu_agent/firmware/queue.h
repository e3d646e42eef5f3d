/* Runs the mailbox's tasks in order, each to its result. */
#ifndef TUNEFARM_MCU_AGENT_FIRMWARE_QUEUE_H_
#define TUNEFARM_MCU_AGENT_FIRMWARE_QUEUE_H_

#include "proto/mcu_mailbox.h"

/* Returns an enum tunefarm_command_error; results and progress are in the mailbox. */
uint32_t queue_run(tunefarm_mailbox* box);

#endif /* TUNEFARM_MCU_AGENT_FIRMWARE_QUEUE_H_ */
