/* What leads to a tree: the steps of a plan, executed in a mount namespace that ends with this process. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>

#include "tree.h"

int tree_failed(const char *operation, const char *path, int error)
{
    dprintf(2, "%d %s %s\n", error < 0 ? -error : error, operation, path);
    return 1;
}

int tree_prepare(struct launch *launch, const uint8_t *plan, size_t length)
{
    uint32_t bad;
    int status = plan_open(&launch->plan, plan, length, &bad);
    if (status < 0)
        return fail(launch, status, "step %u", bad);
    launch->report = report_create();
    if (launch->report == NULL)
        return fail(launch, ENOMEM, "report");
    layers_read_once();
    /* Before any step: no mount of it may reach the host. */
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return fail(launch, errno, "mount namespace");
    for (uint32_t stage = STAGE_HOST; status == 0 && stage <= STAGE_INSIDE; stage++)
        status = run_stage(launch, stage);
    return status;
}

int tree_prepare_from_input(struct launch *launch)
{
    uint8_t head[4];
    if (read_exactly(0, head, sizeof head) == 0 && load_u32(head) <= LIMIT_PLAN_BYTES) {
        size_t length = load_u32(head);
        uint8_t *plan = malloc(length + 1);
        if (plan == NULL)
            return fail(launch, ENOMEM, "plan");
        if (read_exactly(0, plan, length) == 0)
            return tree_prepare(launch, plan, length);
        free(plan);
    }
    return fail(launch, EBADMSG, "plan");
}
