#include "mcu_agent/firmware/fill.h"

#include "proto/tensor_fill.h"

static uint32_t bytes_of(uint32_t type) {
  switch (type) {
    case TUNEFARM_FILL_S8:
      return 1;
    case TUNEFARM_FILL_S16:
      return 2;
    case TUNEFARM_FILL_S32:
      return 4;
#ifdef __ARM_FP
    case TUNEFARM_FILL_F32:
      return 4;
#endif
    default:
      return 0;
  }
}

static void store(uint32_t address, uint32_t type, int32_t value, float scale) {
  switch (type) {
    case TUNEFARM_FILL_S8:
      *(int8_t*)address = (int8_t)value;
      break;
    case TUNEFARM_FILL_S16:
      *(int16_t*)address = (int16_t)value;
      break;
    case TUNEFARM_FILL_S32:
      *(int32_t*)address = value;
      break;
    default:
#ifdef __ARM_FP
      *(float*)address = (float)value * scale;
#else
      (void)scale;
#endif
      break;
  }
}

uint32_t fill_tensor(const tunefarm_fill_task* task) {
  const uint32_t bytes = bytes_of(task->type);
  if (bytes == 0 || task->destination % bytes != 0 || task->high < task->low) {
    return TUNEFARM_STATUS_BAD_TASK;
  }
  const tunefarm_fill fill = {task->low, task->high, task->scale};
  for (uint32_t i = 0; i < task->num_elems; ++i) {
    const uint64_t element = (uint64_t)task->first_elem + i;
    store(task->destination + i * bytes, task->type,
          tunefarm_fill_integer(&fill, task->seed, task->buffer, element), fill.scale);
  }
  return TUNEFARM_STATUS_OK;
}
