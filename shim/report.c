/* The shared report of a launch and the helpers that fill it. */
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>

#include "shim.h"

int fail(struct launch *launch, int error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(launch->detail, sizeof launch->detail, format, arguments);
    va_end(arguments);
    return error < 0 ? error : -error;
}

struct report *report_create(void)
{
    struct report *report =
        mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return report == MAP_FAILED ? NULL : report;
}

void report_failure(struct launch *launch, uint32_t stage, uint32_t index, int error)
{
    uint32_t none = 0;
    struct report *report = launch->report;
    /* 2 while the fields are written, 1 once they stand: the other process may look at any time. */
    if (!atomic_compare_exchange_strong(&report->failed, &none, 2))
        return;
    report->stage = stage;
    report->op = index;
    report->error = error < 0 ? -error : error;
    memcpy(report->detail, launch->detail, sizeof report->detail);
    report->detail[sizeof report->detail - 1] = 0;
    atomic_store(&report->failed, 1);
}

uint64_t clock_ns(int clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
