/*
 * passwd(5) and group(5) of the container: hostile text. Regular files only (a FIFO would block), read up to a bound,
 * numbers by strict decimal, so that no 4294967296 becomes 0 (CVE-2024-40635).
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "shim.h"

#define TABLE_BYTES (4u << 20)
#define GROUPS_MAX 65536u
#define FIELDS 7

struct table {
    char *text;
    size_t length;
};

static void table_free(struct table *table)
{
    free(table->text);
}

/* An absent file is an empty table. */
static int table_read(struct launch *launch, const char *path, struct table *table)
{
    SCOPED_FD fd = open_in(launch_root(launch), path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    if (fd == -ENOENT || fd == -ENOTDIR)
        return 0;
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0)
        return fail(launch, fd < 0 ? fd : errno, "%s", path);
    if (!S_ISREG(status.st_mode))
        return fail(launch, EINVAL, "%s is no regular file", path);
    if (status.st_size > TABLE_BYTES)
        return fail(launch, EFBIG, "%s", path);
    table->text = malloc((size_t)status.st_size + 1);
    if (table->text == NULL)
        return fail(launch, ENOMEM, "%s", path);
    while (table->length < (size_t)status.st_size) {
        ssize_t size = read(fd, table->text + table->length, (size_t)status.st_size - table->length);
        if (size < 0)
            return fail(launch, errno, "%s", path);
        if (size == 0)
            break;
        table->length += (size_t)size;
    }
    table->text[table->length] = 0;
    return 0;
}

struct span {
    const char *at;
    size_t length;
};

static bool span_is(struct span span, const char *text)
{
    return span.length == strlen(text) && memcmp(span.at, text, span.length) == 0;
}

/* Decimal up to 2^32 - 2; the last number means "no change" to the kernel. */
static bool span_number(struct span span, uint32_t *number)
{
    uint64_t value = 0;
    if (span.length == 0 || span.length > 10)
        return false;
    for (size_t i = 0; i < span.length; i++) {
        if (span.at[i] < '0' || span.at[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(span.at[i] - '0');
    }
    *number = (uint32_t)value;
    return value <= 0xfffffffeu;
}

static bool text_number(const char *text, uint32_t *number)
{
    return span_number((struct span){text, strlen(text)}, number);
}

/* The fields of the line at `*at`, which moves to the next line; their count, 0 at the end. */
static unsigned next_line(const struct table *table, size_t *at, struct span fields[FIELDS])
{
    if (*at >= table->length)
        return 0;
    const char *line = table->text + *at;
    const char *end = memchr(line, '\n', table->length - *at);
    if (end == NULL)
        end = table->text + table->length;
    *at = (size_t)(end - table->text) + 1;
    unsigned count = 0;
    while (count < FIELDS) {
        const char *colon = memchr(line, ':', (size_t)(end - line));
        bool last = colon == NULL || count == FIELDS - 1;
        fields[count++] = (struct span){line, (size_t)((last ? end : colon) - line)};
        if (last)
            break;
        line = colon + 1;
    }
    return count;
}

struct account {
    bool found;
    uint32_t uid, gid;
    struct span name, home;
};

/* By number or by name; an entry with broken numbers counts as absent. */
static struct account find_user(const struct table *table, const char *name, const uint32_t *number)
{
    struct span fields[FIELDS];
    struct account account = {.found = false};
    size_t at = 0;
    unsigned count;
    while ((count = next_line(table, &at, fields)) != 0) {
        if (count < 6 || !span_number(fields[2], &account.uid) || !span_number(fields[3], &account.gid))
            continue;
        if (number != NULL ? account.uid != *number : !span_is(fields[0], name))
            continue;
        account.found = true;
        account.name = fields[0];
        account.home = fields[5];
        return account;
    }
    return account;
}

static bool find_group(const struct table *table, const char *name, uint32_t *gid)
{
    struct span fields[FIELDS];
    size_t at = 0;
    unsigned count;
    while ((count = next_line(table, &at, fields)) != 0)
        if (count >= 3 && span_is(fields[0], name) && span_number(fields[2], gid))
            return true;
    return false;
}

static bool lists_member(struct span members, struct span name)
{
    while (members.length > 0) {
        const char *comma = memchr(members.at, ',', members.length);
        size_t length = comma == NULL ? members.length : (size_t)(comma - members.at);
        if (length == name.length && memcmp(members.at, name.at, length) == 0)
            return true;
        size_t step = comma == NULL ? length : length + 1;
        members.at += step;
        members.length -= step;
    }
    return false;
}

static int add_group(struct launch *launch, gid_t gid)
{
    struct identity *identity = &launch->identity;
    for (size_t i = 0; i < identity->group_count; i++)
        if (identity->groups[i] == gid)
            return 0;
    if (identity->group_count >= GROUPS_MAX)
        return fail(launch, E2BIG, "groups");
    if ((identity->group_count & (identity->group_count + 1)) == 0 || identity->groups == NULL) {
        size_t room = identity->group_count * 2 + 16;
        gid_t *grown = realloc(identity->groups, room * sizeof *grown);
        if (grown == NULL)
            return fail(launch, ENOMEM, "groups");
        identity->groups = grown;
    }
    identity->groups[identity->group_count++] = gid;
    return 0;
}

/* The groups whose member list names the user. */
static int add_memberships(struct launch *launch, const struct table *groups, struct span user)
{
    struct span fields[FIELDS];
    size_t at = 0;
    unsigned count;
    uint32_t gid;
    while ((count = next_line(groups, &at, fields)) != 0) {
        if (count < 4 || !span_number(fields[2], &gid) || !lists_member(fields[3], user))
            continue;
        int status = add_group(launch, gid);
        if (status < 0)
            return status;
    }
    return 0;
}

static int add_listed(struct launch *launch, const struct table *groups, struct strings names)
{
    const char *name;
    uint32_t gid;
    while ((name = strings_next(&names)) != NULL) {
        if (!text_number(name, &gid) && (groups == NULL || !find_group(groups, name, &gid)))
            return fail(launch, ENOENT, "group %s", name);
        int status = add_group(launch, gid);
        if (status < 0)
            return status;
    }
    return 0;
}

static int look_up(struct launch *launch, const struct op *op)
{
    __attribute__((cleanup(table_free))) struct table users = {0}, groups = {0};
    struct identity *identity = &launch->identity;
    const char *user = op_str(op, USER__USER), *group = op_str(op, USER__GROUP);
    uint32_t number;
    if (*user == 0)
        user = "0";
    bool numeric = text_number(user, &number);
    int status = table_read(launch, "/etc/passwd", &users);
    if (status == 0)
        status = table_read(launch, "/etc/group", &groups);
    if (status < 0)
        return status;
    /* A name that is all digits is a number first: what a policy reads as non-root must not turn into another user. */
    struct account account = find_user(&users, user, numeric ? &number : NULL);
    if (!account.found && !numeric) {
        if (strcmp(user, "root") != 0)
            return fail(launch, ENOENT, "user %s", user);
        account = (struct account){.found = false, .uid = 0, .gid = 0};
    }
    identity->uid = numeric ? number : account.uid;
    identity->gid = account.found ? account.gid : 0;
    if (*group != 0) {
        uint32_t gid;
        if (!text_number(group, &gid) && !find_group(&groups, group, &gid))
            return fail(launch, ENOENT, "group %s", group);
        identity->gid = gid;
    } else if (account.found) {
        status = add_memberships(launch, &groups, account.name);
    }
    if (account.found && account.home.length > 0 && account.home.length < sizeof identity->home) {
        memcpy(identity->home, account.home.at, account.home.length);
        identity->home[account.home.length] = 0;
    }
    /* Without it a file that is closed to the group is open to the user by the rights of others (CVE-2022-36109). */
    if (status == 0 && op_u32(op, USER__LOOKUP) == 1)
        status = add_group(launch, identity->gid);
    return status < 0 ? status : add_listed(launch, &groups, op_strs(op, USER__GROUPS));
}

int op_user(struct launch *launch, const struct op *op)
{
    const char *user = op_str(op, USER__USER), *group = op_str(op, USER__GROUP);
    struct identity *identity = &launch->identity;
    strcpy(identity->home, "/");
    identity->group_count = 0;
    launch->has_identity = true;
    if (op_u32(op, USER__LOOKUP) != 0)
        return look_up(launch, op);
    uint32_t uid, gid = 0;
    if (!text_number(user, &uid))
        return fail(launch, EINVAL, "user %s", user);
    if (*group != 0 && !text_number(group, &gid))
        return fail(launch, EINVAL, "group %s", group);
    identity->uid = uid;
    identity->gid = gid;
    if (uid == 0)
        strcpy(identity->home, "/root");
    return add_listed(launch, NULL, op_strs(op, USER__GROUPS));
}
