/* The decoder of plans and tree streams: total, bounds checked, allocates nothing. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ops.gen.h"

#define PLAN_HEAD_BYTES 20
#define STEP_HEAD_BYTES 8
#define NO_FAULT 0xffffffffu

/* A list of strings: `count` times u32 length, bytes, NUL. */
struct strings {
    uint32_t count;
    uint32_t length;
    const uint8_t *at;
};

/* One operand. `str`: at is NUL-terminated text of `length` bytes. `strs`, `u32s`: at is the first item. */
struct value {
    uint64_t number;
    const uint8_t *at;
    uint32_t length;
    uint32_t count;
};

struct op {
    uint16_t code;
    uint8_t stage;
    uint32_t index;
    struct value field[OP_FIELDS_MAX];
};

/* A plan whose every step was checked by plan_open. */
struct plan {
    const uint8_t *bytes;
    size_t length;
    uint32_t count;
    uint32_t fault_index;
    uint32_t fault_errno;
};

struct cursor {
    const struct plan *plan;
    size_t at;
    uint32_t index;
};

/* Checks all of it; 0 or -EBADMSG, with the index of the first bad step in `bad`. */
int plan_open(struct plan *plan, const uint8_t *bytes, size_t length, uint32_t *bad);
void cursor_start(struct cursor *cursor, const struct plan *plan);
/* The next step's head without its operands; false at the end. */
bool cursor_peek(const struct cursor *cursor, uint16_t *code, uint8_t *stage);
bool cursor_next(struct cursor *cursor, struct op *op);
void cursor_skip(struct cursor *cursor);

/* One step's operands; 0 or -EBADMSG. */
int op_decode(uint16_t code, const uint8_t *payload, size_t length, struct op *op);

uint32_t load_u32(const uint8_t *at);
uint64_t load_u64(const uint8_t *at);
void store_u32(uint8_t *at, uint32_t value);
void store_u64(uint8_t *at, uint64_t value);

/* Operands of a decoded step. */
static inline const char *op_str(const struct op *op, unsigned field)
{
    return (const char *)op->field[field].at;
}
static inline uint32_t op_u32(const struct op *op, unsigned field)
{
    return (uint32_t)op->field[field].number;
}
static inline uint64_t op_u64(const struct op *op, unsigned field)
{
    return op->field[field].number;
}
struct strings op_strs(const struct op *op, unsigned field);
/* The next string of a list; NULL at its end. */
const char *strings_next(struct strings *strings);
/* Whether an errno stands in a u32s operand. */
bool op_lists(const struct op *op, unsigned field, uint32_t number);
/* A NULL-terminated vector for execve, with room for `extra` more; NULL: no memory. */
char **strings_vector(struct strings strings, unsigned extra);
