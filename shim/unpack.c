/* `shim unpack`: tree operations on standard input become files below a directory. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "unpack.h"

#define BUFFER_BYTES (1u << 20)

/* Directories' times last: every entry made inside changes them. */
static void apply_times(struct unpack *unpack)
{
    while (unpack->later_count > 0) {
        struct later *later = &unpack->later[--unpack->later_count];
        SCOPED_FD fd = open_in(unpack->place.root, later->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
        /* Gone or replaced since: nothing left to set. */
        if (fd >= 0)
            set_times(fd, NULL, later->mtime);
        free(later->path);
    }
    free(unpack->later);
}

/* Steps as they come; 0 at the end of the stream. */
static int unpack_stream(struct unpack *unpack, const char **operation)
{
    size_t room = BUFFER_BYTES, length = 0;
    uint8_t *buffer = malloc(room);
    *operation = "stream";
    for (int status = 0; buffer != NULL;) {
        ssize_t size = read(0, buffer + length, room - length);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            return size < 0 ? -errno : length > 0 || !unpack->ended ? -EPIPE : 0;
        length += (size_t)size;
        size_t at = 0, needed = 0;
        while (length - at >= STEP_HEAD_BYTES) {
            uint16_t code = (uint16_t)(buffer[at] | buffer[at + 1] << 8);
            needed = load_u32(buffer + at + 4);
            if (needed > LIMIT_PLAN_BYTES || code > OP_LAST || OP_NAMES[code] == NULL)
                return -EBADMSG;
            needed += STEP_HEAD_BYTES;
            if (length - at < needed)
                break;
            *operation = OP_NAMES[code];
            status = unpack_step(unpack, code, buffer + at + STEP_HEAD_BYTES, (uint32_t)needed - STEP_HEAD_BYTES);
            if (status < 0)
                return status;
            *operation = "stream";
            at += needed;
            needed = 0;
        }
        memmove(buffer, buffer + at, length - at);
        length -= at;
        if (needed > room) {
            room = needed;
            uint8_t *grown = realloc(buffer, room);
            if (grown == NULL)
                break;
            buffer = grown;
        }
    }
    return -ENOMEM;
}

int unpack_main(const char *directory, const char *plan, const char *options)
{
    static struct launch launch;
    static struct unpack unpack;
    const char *operation;
    launch_init(&launch);
    umask(0);
    fcntl(0, F_SETPIPE_SZ, 1 << 20);
    if (plan != NULL && *plan == 0)
        plan = NULL;
    unpack.keeps_kinds = strchr(options, 'k') != NULL;
    int status = plan == NULL ? 0 : tree_prepare_from_input(&launch);
    if (status < 0)
        return tree_failed("plan", launch.detail, status);
    SCOPED_FD root = plan == NULL ? open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC)
                                  : open_in(launch_root(&launch), directory, O_PATH | O_DIRECTORY, 0);
    if (root < 0)
        return tree_failed("root", directory, plan == NULL ? -errno : root);
    place_init(&unpack.place, root);
    unpack.file = NONE;
    status = unpack_stream(&unpack, &operation);
    if (status < 0)
        return tree_failed(operation, unpack.path, status);
    place_forget(&unpack.place);
    apply_times(&unpack);
    /* The tree stands; what follows makes it survive a power cut. */
    if (write(1, "done\n", 5) < 0 && errno != EPIPE)
        return tree_failed("done", "", -errno);
    if (strchr(options, 'n') != NULL)
        return 0;
    SCOPED_FD whole = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (whole < 0 || syncfs(whole) < 0)
        return tree_failed("sync", directory, -errno);
    return 0;
}
