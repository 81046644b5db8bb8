#include "decode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

uint32_t load_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

uint64_t load_u64(const uint8_t *at)
{
    return (uint64_t)load_u32(at) | (uint64_t)load_u32(at + 4) << 32;
}

void store_u32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

void store_u64(uint8_t *at, uint64_t value)
{
    store_u32(at, (uint32_t)value);
    store_u32(at + 4, (uint32_t)(value >> 32));
}

/* What is left of a payload. Every take checks; nothing is read past `left`. */
struct input {
    const uint8_t *at;
    size_t left;
};

static bool take(struct input *input, size_t size, const uint8_t **at)
{
    if (size > input->left)
        return false;
    *at = input->at;
    input->at += size;
    input->left -= size;
    return true;
}

static bool take_u32(struct input *input, uint32_t *number)
{
    const uint8_t *at;
    if (!take(input, 4, &at))
        return false;
    *number = load_u32(at);
    return true;
}

static bool take_str(struct input *input, const uint8_t **text, uint32_t *length)
{
    const uint8_t *end;
    if (!take_u32(input, length) || !take(input, *length, text) || !take(input, 1, &end))
        return false;
    /* A NUL inside would make the kernel see another name than the planner did. */
    return *end == 0 && (*length == 0 || memchr(*text, 0, *length) == NULL);
}

static bool take_list(struct input *input, char kind, struct value *value)
{
    if (!take_u32(input, &value->count))
        return false;
    value->at = input->at;
    if (kind == 'l') {
        const uint8_t *at;
        if (value->count > input->left / 4 || !take(input, (size_t)value->count * 4, &at))
            return false;
    }
    for (uint32_t i = 0; kind == 'a' && i < value->count; i++) {
        const uint8_t *text;
        uint32_t length;
        if (!take_str(input, &text, &length))
            return false;
    }
    value->length = (uint32_t)(input->at - value->at);
    return true;
}

static bool take_value(struct input *input, char kind, struct value *value)
{
    const uint8_t *at;
    uint32_t number;
    switch (kind) {
    case 'w':
        if (!take_u32(input, &number))
            return false;
        value->number = number;
        return true;
    case 'q':
        if (!take(input, 8, &at))
            return false;
        value->number = load_u64(at);
        return true;
    case 's':
        return take_str(input, &value->at, &value->length);
    case 'b':
        return take_u32(input, &value->length) && take(input, value->length, &value->at);
    default:
        return take_list(input, kind, value);
    }
}

int op_decode(uint16_t code, const uint8_t *payload, size_t length, struct op *op)
{
    const char *signature = code <= OP_LAST ? OP_SIGNATURES[code] : NULL;
    if (signature == NULL)
        return -EBADMSG;
    struct input input = {payload, length};
    memset(op->field, 0, sizeof op->field);
    op->code = code;
    for (unsigned i = 0; signature[i] != 0; i++)
        if (!take_value(&input, signature[i], &op->field[i]))
            return -EBADMSG;
    return input.left == 0 ? 0 : -EBADMSG;
}

/* Takes one step off the input; false: it does not fit. */
static bool take_step(struct input *input, struct op *op, bool operands)
{
    const uint8_t *head, *payload;
    if (!take(input, STEP_HEAD_BYTES, &head))
        return false;
    op->code = (uint16_t)(head[0] | head[1] << 8);
    op->stage = head[2];
    uint32_t length = load_u32(head + 4);
    if (!take(input, length, &payload))
        return false;
    return !operands || op_decode(op->code, payload, length, op) == 0;
}

int plan_open(struct plan *plan, const uint8_t *bytes, size_t length, uint32_t *bad)
{
    *bad = 0;
    memset(plan, 0, sizeof *plan);
    if (length < PLAN_HEAD_BYTES || length > LIMIT_PLAN_BYTES || memcmp(bytes, "TFN1", 4) != 0)
        return -EBADMSG;
    if (load_u32(bytes + 4) != 1)
        return -EPROTONOSUPPORT;
    plan->bytes = bytes;
    plan->length = length;
    plan->count = load_u32(bytes + 8);
    plan->fault_index = load_u32(bytes + 12);
    plan->fault_errno = load_u32(bytes + 16);
    /* Errno numbers end at 4095 (MAX_ERRNO). */
    if (plan->count > LIMIT_PLAN_OPS || plan->fault_errno > 4095)
        return -EBADMSG;
    struct input input = {bytes + PLAN_HEAD_BYTES, length - PLAN_HEAD_BYTES};
    for (uint32_t i = 0; i < plan->count; i++) {
        struct op op;
        *bad = i;
        if (!take_step(&input, &op, true) || op.stage >= STAGE_COUNT)
            return -EBADMSG;
    }
    return input.left == 0 ? 0 : -EBADMSG;
}

void cursor_start(struct cursor *cursor, const struct plan *plan)
{
    *cursor = (struct cursor){.plan = plan, .at = PLAN_HEAD_BYTES, .index = 0};
}

bool cursor_peek(const struct cursor *cursor, uint16_t *code, uint8_t *stage)
{
    if (cursor->index >= cursor->plan->count)
        return false;
    const uint8_t *head = cursor->plan->bytes + cursor->at;
    *code = (uint16_t)(head[0] | head[1] << 8);
    *stage = head[2];
    return true;
}

bool cursor_next(struct cursor *cursor, struct op *op)
{
    if (cursor->index >= cursor->plan->count)
        return false;
    struct input input = {cursor->plan->bytes + cursor->at, cursor->plan->length - cursor->at};
    if (!take_step(&input, op, true))
        return false;
    op->index = cursor->index++;
    cursor->at = cursor->plan->length - input.left;
    return true;
}

void cursor_skip(struct cursor *cursor)
{
    cursor->at += STEP_HEAD_BYTES + load_u32(cursor->plan->bytes + cursor->at + 4);
    cursor->index++;
}

struct strings op_strs(const struct op *op, unsigned field)
{
    const struct value *value = &op->field[field];
    return (struct strings){.count = value->count, .length = value->length, .at = value->at};
}

const char *strings_next(struct strings *strings)
{
    if (strings->count == 0)
        return NULL;
    uint32_t length = load_u32(strings->at);
    const char *text = (const char *)strings->at + 4;
    strings->at += 4 + (size_t)length + 1;
    strings->length -= 4 + length + 1;
    strings->count--;
    return text;
}

bool op_lists(const struct op *op, unsigned field, uint32_t number)
{
    const struct value *value = &op->field[field];
    for (uint32_t i = 0; i < value->count; i++)
        if (load_u32(value->at + (size_t)i * 4) == number)
            return true;
    return false;
}

char **strings_vector(struct strings strings, unsigned extra)
{
    char **vector = calloc((size_t)strings.count + extra + 1, sizeof *vector);
    if (vector == NULL)
        return NULL;
    const char *text;
    for (size_t i = 0; (text = strings_next(&strings)) != NULL; i++)
        vector[i] = (char *)(uintptr_t)text;
    return vector;
}
