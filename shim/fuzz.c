/*
 * Fuzz target of what reads hostile bytes: plans, tree steps, and the container's passwd and group tables.
 * With libFuzzer: `make -C shim ../build/fuzz-decode`. Without: `../build/check-decode FILE …` under ASan and UBSan.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "user.c"

int fail(struct launch *launch, int error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(launch->detail, sizeof launch->detail, format, arguments);
    va_end(arguments);
    return error < 0 ? error : -error;
}

int launch_root(UNUSED struct launch *launch)
{
    return -ENOENT;
}

int open_in(UNUSED int root, UNUSED const char *path, UNUSED uint64_t flags, UNUSED uint64_t mode)
{
    return -ENOENT;
}

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* Every operand of a decoded step can be used as the executor uses it. */
static void use_op(const struct op *op)
{
    const char *signature = OP_SIGNATURES[op->code];
    for (unsigned i = 0; signature[i] != 0; i++) {
        const struct value *value = &op->field[i];
        if (signature[i] == 's')
            require(strlen((const char *)value->at) == value->length);
        if (signature[i] == 'b' && value->length > 0)
            require(value->at[0] + value->at[value->length - 1] >= 0);
        if (signature[i] == 'l')
            op_lists(op, i, 1);
        if (signature[i] != 'a')
            continue;
        struct strings strings = op_strs(op, i);
        uint32_t count = 0;
        for (const char *text; (text = strings_next(&strings)) != NULL; count++)
            require(strlen(text) <= value->length);
        require(count == value->count && strings.length == 0);
        char **vector = strings_vector(op_strs(op, i), 1);
        require(vector == NULL || vector[value->count] == NULL);
        free(vector);
    }
}

static void use_plan(const uint8_t *data, size_t size)
{
    struct plan plan;
    struct cursor cursor;
    struct op op;
    uint32_t bad, count = 0;
    uint16_t code;
    uint8_t stage;
    if (plan_open(&plan, data, size, &bad) < 0) {
        require(bad < LIMIT_PLAN_OPS);
        return;
    }
    cursor_start(&cursor, &plan);
    for (; cursor_peek(&cursor, &code, &stage); count++) {
        require(stage < STAGE_COUNT);
        require(cursor_next(&cursor, &op) && op.code == code && op.index == count);
        use_op(&op);
    }
    require(count == plan.count && cursor.at == plan.length);
    cursor_start(&cursor, &plan);
    while (cursor_peek(&cursor, &code, &stage))
        cursor_skip(&cursor);
    require(cursor.at == plan.length);
}

/* u8 length of the user's name, name, table: once as passwd, once as group. */
static void use_tables(const uint8_t *data, size_t size)
{
    static struct launch launch;
    char name[256];
    if (size < 1 || size - 1 < data[0])
        return;
    memcpy(name, data + 1, data[0]);
    name[data[0]] = 0;
    size_t used = 1u + data[0], length = size - used;
    struct table table = {malloc(length + 1), length};
    memcpy(table.text, data + used, length);
    table.text[length] = 0;
    uint32_t number;
    bool numeric = text_number(name, &number);
    require(!numeric || number != 0xffffffffu);
    struct account account = find_user(&table, name, numeric ? &number : NULL);
    if (account.found) {
        require(account.uid != 0xffffffffu && account.gid != 0xffffffffu);
        require(account.home.at >= table.text && account.home.at + account.home.length <= table.text + length);
        add_memberships(&launch, &table, account.name);
    }
    find_group(&table, name, &number);
    require(launch.identity.group_count <= GROUPS_MAX);
    free(launch.identity.groups);
    launch.identity = (struct identity){0};
    free(table.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct op op;
    if (size < 3)
        return 0;
    switch (data[0]) {
    case 'P':
        use_plan(data + 1, size - 1);
        break;
    case 'U':
        use_tables(data + 1, size - 1);
        break;
    default:
        if (op_decode((uint16_t)(data[1] | data[2] << 8), data + 3, size - 3, &op) == 0)
            use_op(&op);
    }
    return 0;
}

#ifdef STANDALONE
int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        SCOPED_FD fd = open(argv[i], O_RDONLY | O_CLOEXEC);
        size_t room = LIMIT_PLAN_BYTES + 1;
        uint8_t *all = malloc(room);
        ssize_t size = fd < 0 || all == NULL ? -1 : read(fd, all, room);
        if (size < 0)
            return 1;
        /* An exact copy: a read one past the end is caught. */
        uint8_t *exact = malloc((size_t)size + 1);
        memcpy(exact + 1, all, (size_t)size);
        LLVMFuzzerTestOneInput(exact + 1, (size_t)size);
        free(exact);
        free(all);
    }
    return 0;
}
#endif
