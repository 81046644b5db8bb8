/* How the kernel schedules the process: processor time, disk access, processors, memory nodes. */
#include <sched.h>

#include "shim.h"

/* sched_setattr(2); musl has neither the call nor the structure. */
struct sched_attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t util_min, util_max;
};

/* ioprio_set(2): the class stands above the level, and 2 names a process group. */
#define IOPRIO_CLASS_SHIFT 13
#define IOPRIO_WHO_PGRP 2
/* set_mempolicy(2) takes whole words of this kernel, up to this many nodes. */
#define NODES_MAX 1024
#define WORD_BITS (8 * sizeof(unsigned long))

int op_scheduler(struct launch *launch, const struct op *op)
{
    struct sched_attributes attributes = {
        .size = sizeof attributes,
        .policy = op_u32(op, SCHEDULER__POLICY),
        .flags = op_u64(op, SCHEDULER__FLAGS),
        .nice = (int32_t)op_u32(op, SCHEDULER__NICE),
        .priority = op_u32(op, SCHEDULER__PRIORITY),
        .runtime = op_u64(op, SCHEDULER__RUNTIME),
        .deadline = op_u64(op, SCHEDULER__DEADLINE),
        .period = op_u64(op, SCHEDULER__PERIOD),
    };
    return syscall(SYS_sched_setattr, 0, &attributes, 0) < 0 ? fail(launch, errno, "sched_setattr") : 0;
}

int op_io_priority(struct launch *launch, const struct op *op)
{
    uint32_t value = op_u32(op, IO_PRIORITY__CLASS) << IOPRIO_CLASS_SHIFT | op_u32(op, IO_PRIORITY__PRIORITY);
    return syscall(SYS_ioprio_set, IOPRIO_WHO_PGRP, 0, value) < 0 ? fail(launch, errno, "ioprio_set") : 0;
}

int op_affinity(struct launch *launch, const struct op *op)
{
    const struct value *mask = &op->field[AFFINITY__MASK];
    return syscall(SYS_sched_setaffinity, 0, (size_t)mask->length, mask->at) < 0 ? fail(launch, errno, "sched_setaffinity")
                                                                                 : 0;
}

int op_memory_policy(struct launch *launch, const struct op *op)
{
    unsigned long words[NODES_MAX / WORD_BITS + 1] = {0};
    const struct value *nodes = &op->field[MEMORY_POLICY__NODES];
    if (nodes->length > NODES_MAX / 8)
        return fail(launch, EINVAL, "memory nodes");
    memcpy(words, nodes->at, nodes->length);
    /* One more than the number of bits: the kernel takes one off. */
    unsigned long bits = nodes->length == 0 ? 0 : NODES_MAX + 1;
    long status = syscall(SYS_set_mempolicy, op_u32(op, MEMORY_POLICY__MODE), bits == 0 ? NULL : words, bits);
    return status < 0 ? fail(launch, errno, "set_mempolicy") : 0;
}
