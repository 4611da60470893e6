/* trial_memory.c: the memory of a trial: parameters that can only be read, buffers between guards, and what happens
 * beside them. */
#include <alloca.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "engine/parameters.h"
#include "engine/trial_state.h"

#define STACK_BYTES ((size_t)48 << 10) /* below the run's frame that hold garbage */
#define SIGNAL_STACK ((size_t)64 << 10)

static trial_state *state_of_faults; /* for the signal handler */

/* ---- Parameters ---- */

const pipette_value *trial_value(const trial_state *t, uint64_t point, uint32_t parameter)
{
    return &t->request->points->values[point * t->request->points->parameter_count + parameter];
}

/* Called without memory first, to count. */
static size_t lay_out_point(trial_state *t, unsigned char *memory, uint64_t point)
{
    parameter_block block = {memory, 0};
    const uint32_t count = t->plan.parameter_count;
    pipette_value *values = parameters_take(&block, (count + 1u) * sizeof *values);
    uint32_t i;
    for (i = 0; i < count; i++) {
        parameters_copy(&block, trial_value(t, point, i), values == NULL ? NULL : &values[i]);
        t->given_ends[i] = block.used;
    }
    t->worker.values = values;
    return block.used;
}

static void make_given(trial_state *t)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t largest = 0, at;
    t->given_ends = trial_need(t, calloc(t->plan.parameter_count + 1u, sizeof *t->given_ends));
    for (at = 0; at < t->request->order_count; at++) {
        size_t bytes = lay_out_point(t, NULL, t->request->order[at]);
        largest = bytes > largest ? bytes : largest;
    }
    t->given_bytes = (largest + page) / page * page;
    t->given = mmap(NULL, t->given_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (t->given == MAP_FAILED)
        trial_give_up(t, PIPETTE_E_MEMORY, "no memory for the parameters of a run");
}

void trial_bind_point(trial_state *t, uint64_t point)
{
    worker *w = &t->worker;
    uint32_t i;
    (void)lay_out_point(t, t->given, point);
    for (i = 0; i < t->plan.parameter_count; i++)
        w->parameters[i] =
            (worker_parameter){pipette_value_data(&w->values[i]), 0, w->values[i].type, w->values[i].rank};
}

void trial_lock(trial_state *t, int locked)
{
    const int rights = locked ? PROT_READ : PROT_READ | PROT_WRITE;
    uint32_t i;
    if (locked)
        t->written = (trial_damage){0};
    (void)mprotect(t->given, t->given_bytes, rights);
    for (i = 0; t->columns != NULL && i < t->worker.schema->parameter_count; i++)
        (void)mprotect(t->columns[i].low, t->columns[i].room, rights);
}

/* Which parameter's value lies at that offset of what was given. */
static int32_t parameter_at(const trial_state *t, size_t offset)
{
    const uint32_t count = t->plan.parameter_count;
    uint32_t i = 0;
    if (offset < count * sizeof(pipette_value))
        return (int32_t)(offset / sizeof(pipette_value));
    while (i + 1 < count && offset >= t->given_ends[i])
        i++;
    return (int32_t)i;
}

/* ---- Buffers ---- */

/* Elements of a result at a point, or PLAN_VARIES. */
static uint64_t elements_of(const trial_state *t, uint64_t point, uint32_t result)
{
    const plugin_schema *schema = t->worker.schema;
    const uint64_t *extents = t->request->extents[point];
    uint64_t elements = 1;
    uint32_t i;
    if (schema->results[result].type == PIPETTE_TYPE_STRING)
        return PLAN_VARIES;
    for (i = 0; i < result; i++)
        extents += schema->results[i].rank;
    for (i = 0; i < schema->results[result].rank; i++) {
        if (extents[i] == PIPETTE_RAGGED)
            return PLAN_VARIES;
        elements *= extents[i];
    }
    return elements;
}

const uint64_t *trial_extents(const trial_state *t, uint64_t point, uint32_t result)
{
    const uint64_t *extents = t->request->extents[point];
    uint32_t i;
    for (i = 0; i < result; i++)
        extents += t->worker.schema->results[i].rank;
    return extents;
}

void trial_make_buffers(trial_state *t, uint64_t lanes)
{
    const plugin_schema *schema = t->worker.schema;
    uint32_t i;
    make_given(t);
    t->results = trial_need(t, calloc(schema->result_count + 1u, sizeof *t->results));
    for (i = 0; i < schema->result_count; i++) {
        size_t largest = 0, at, bytes;
        for (at = 0; at < t->request->order_count; at++) {
            uint64_t elements = elements_of(t, t->request->order[at], i);
            if (elements == PLAN_VARIES)
                continue;
            if (__builtin_mul_overflow(elements, pipette_type_size(schema->results[i].type) * lanes, &bytes))
                trial_give_up(t, PIPETTE_E_MEMORY, "a result is larger than memory can be");
            largest = bytes > largest ? bytes : largest;
        }
        if (!guarded_make(&t->results[i], largest))
            trial_give_up(t, PIPETTE_E_MEMORY, "no memory for the results of a run");
    }
}

void trial_place_buffers(trial_state *t, uint64_t point, uint64_t lanes)
{
    worker *w = &t->worker;
    uint32_t i;
    for (i = 0; i < w->schema->result_count; i++) {
        worker_result *r = &w->results[i];
        size_t size = pipette_type_size(r->type);
        uint64_t elements = elements_of(t, point, i);
        r->column = NULL;
        r->extents = NULL;
        if (elements == PLAN_VARIES) {
            if (w->schema->results[i].rank > 0)
                r->extents = (uint64_t *)(uintptr_t)trial_extents(t, point, i);
            continue;
        }
        r->elements = elements;
        r->row_bytes = r->stride = elements * size;
        (void)guarded_place(&t->results[i], (size_t)(r->row_bytes * lanes), lanes > 1 ? TRIAL_BATCH_ALIGNMENT : size,
                            t->request->side, t->request->pattern);
        r->column = t->results[i].data;
    }
}

void trial_make_columns(trial_state *t, uint64_t width)
{
    worker *w = &t->worker;
    uint32_t i, n = w->schema->parameter_count;
    t->columns = trial_need(t, calloc(n + 1u, sizeof *t->columns));
    w->batch_parameters = trial_need(t, calloc(n + 1u, sizeof *w->batch_parameters));
    w->batch_results = trial_need(t, calloc(w->schema->result_count + 1u, sizeof *w->batch_results));
    w->batch_strides = trial_need(t, calloc(w->schema->result_count + 1u, sizeof *w->batch_strides));
    w->batch_given = trial_need(t, calloc(width, w->schema->result_count + 1u));
    for (i = 0; i <= n; i++)
        if (!guarded_make(&t->columns[i],
                          width * (i < n ? pipette_type_size(w->schema->parameters[i].type) : sizeof(int32_t))))
            trial_give_up(t, PIPETTE_E_MEMORY, "no memory for the parameters of a batch");
    w->batch_call = (pipette_batch){.size = sizeof(pipette_batch),
                                    .host = &worker_batch_host,
                                    .instance = w->stage->instance,
                                    .seed = t->plan.seed,
                                    .parameters = w->batch_parameters,
                                    .results = w->batch_results,
                                    .result_strides = w->batch_strides};
}

/* ---- Damage ---- */

static int64_t element_of(int64_t offset, int type)
{
    int64_t size = (int64_t)pipette_type_size(type);
    return offset < 0 ? -((-offset + size - 1) / size) : offset / size;
}

trial_damage trial_find_damage(const trial_state *t)
{
    trial_damage damage = t->written;
    uint32_t i;
    for (i = 0; i < t->worker.schema->result_count && damage.kind == 0; i++) {
        int64_t offset = t->worker.results[i].column == NULL ? 0 : guarded_damage(&t->results[i], t->request->pattern);
        if (offset != 0 || (t->worker.results[i].column != NULL && t->results[i].size == 0 &&
                            t->results[i].data[0] != t->request->pattern &&
                            t->results[i].data < t->results[i].low + t->results[i].room))
            damage = (trial_damage){TRIAL_WROTE, (int32_t)i, element_of(offset, t->worker.results[i].type), -1};
    }
    return damage;
}

/* A write to what can only be read is noted and let go on. */
static int note_parameter(trial_state *t, const void *address)
{
    const size_t offset = (size_t)((uintptr_t)address - (uintptr_t)t->given);
    trial_damage damage = {TRIAL_WROTE_PARAMETER, -1, 0, -1};
    uint32_t i;
    if (t->given != NULL && offset < t->given_bytes)
        damage.place = parameter_at(t, offset);
    for (i = 0; t->columns != NULL && i < t->worker.schema->parameter_count && damage.place < 0; i++) {
        int64_t from_data;
        if (guarded_holds(&t->columns[i], address, &from_data) && (uintptr_t)address >= (uintptr_t)t->columns[i].low &&
            (uintptr_t)address < (uintptr_t)t->columns[i].low + t->columns[i].room) {
            damage.place = t->worker.declared[i];
            damage.lane = element_of(from_data, t->worker.schema->parameters[i].type);
        }
    }
    if (damage.place < 0 || t->written.kind != 0)
        return 0;
    t->written = damage;
    trial_lock(t, 0);
    return 1;
}

/* What lies beside a buffer or a column was reached for. */
static trial_damage find_reach(const trial_state *t, const void *address, int writes)
{
    trial_damage damage = {writes ? TRIAL_WROTE : TRIAL_REACHED, -1, 0, -1};
    int64_t offset;
    uint32_t i;
    for (i = 0; i < t->worker.schema->result_count && damage.place < 0; i++)
        if (guarded_holds(&t->results[i], address, &offset)) {
            damage.place = (int32_t)i;
            damage.element = element_of(offset, t->worker.schema->results[i].type);
        }
    for (i = 0; t->columns != NULL && i < t->worker.schema->parameter_count && damage.place < 0; i++)
        if (guarded_holds(&t->columns[i], address, &offset)) {
            damage.kind = writes ? TRIAL_WROTE_PARAMETER : TRIAL_REACHED_PARAMETER;
            damage.place = t->worker.declared[i];
            damage.lane = damage.element = element_of(offset, t->worker.schema->parameters[i].type);
        }
    return damage;
}

static void on_fault(int number, siginfo_t *about, void *context)
{
    trial_state *t = state_of_faults;
    trial_damage damage;
    int writes = 0;
#if defined(__x86_64__)
    writes = (((ucontext_t *)context)->uc_mcontext.gregs[REG_ERR] & 2) != 0;
#else
    (void)context;
#endif
    if (about->si_code > 0 && note_parameter(t, about->si_addr))
        return;
    damage = find_reach(t, about->si_addr, writes);
    if (damage.place >= 0)
        (void)trial_write(t->out, TRIAL_FAULT, &damage, sizeof damage);
    (void)signal(number, SIG_DFL); /* and once more, now without us */
    if (about->si_code <= 0)       /* somebody sent it: it does not come again by itself */
        (void)raise(number);
}

void trial_listen_to_faults(trial_state *t)
{
    stack_t stack = {.ss_sp = malloc(SIGNAL_STACK), .ss_size = SIGNAL_STACK};
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    state_of_faults = t;
    if (stack.ss_sp == NULL || sigaltstack(&stack, NULL) != 0)
        return;
    (void)sigaction(SIGSEGV, &action, NULL);
    (void)sigaction(SIGBUS, &action, NULL);
}

/* What a run finds below its stack frame. */
__attribute__((noinline)) void trial_dirty_stack(unsigned char garbage)
{
    volatile unsigned char *stack = alloca(STACK_BYTES);
    size_t i;
    memset((void *)(uintptr_t)stack, garbage, STACK_BYTES);
    for (i = 0; i < STACK_BYTES; i += 4096)
        stack[i] = garbage;
}
