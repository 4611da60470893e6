/* fault.c: what a worker makes of a memory fault of its model. Everything in the handler is safe in a signal handler.
 */
#include "engine/fault.h"

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "engine/parameters.h"

#define HANDLER_STACK (64u << 10)
/* How far below the stack pointer a function may reach before it moves it. */
#define BELOW_STACK_POINTER (64u << 10)
/* The frames above `where`, arguments and environment are part of the limit, too. */
#define ABOVE (256u << 10)

static worker *watched;
static char *reason_at;
static uintptr_t stack_from;
static uint64_t stack_limit;
static size_t page_size;

static uintptr_t stack_pointer(const void *context, uintptr_t otherwise)
{
#if defined(__x86_64__)
    (void)otherwise;
    return (uintptr_t)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
    (void)otherwise;
    return (uintptr_t)((const ucontext_t *)context)->uc_mcontext.sp;
#else
    (void)context;
    return otherwise;
#endif
}

/* ---- Text, without a library ---- */

typedef struct sentence {
    char text[BOARD_REASON_BYTES];
    size_t used;
} sentence;

static void add(sentence *out, const char *text)
{
    while (*text != '\0' && out->used < sizeof out->text - 1)
        out->text[out->used++] = *text++;
    out->text[out->used] = '\0';
}

static void add_number(sentence *out, uint64_t number)
{
    char digits[24];
    size_t at = sizeof digits - 1;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    add(out, digits + at);
}

static void tell(const sentence *what)
{
    size_t i;
    if (reason_at == NULL || what->used == 0)
        return;
    (void)mprotect((void *)((uintptr_t)reason_at / page_size * page_size), page_size, PROT_READ | PROT_WRITE);
    for (i = 0; i <= what->used; i++)
        reason_at[i] = what->text[i];
}

/* ---- Where it was ---- */

static int within(uintptr_t at, const void *from, size_t size)
{
    return from != NULL && at - (uintptr_t)from < size;
}

static uintptr_t distance(uintptr_t at, uintptr_t from, uintptr_t to)
{
    return at < from ? from - at : at >= to ? at - to + 1 : 0;
}

/* The buffer that is nearest. */
static void beyond_buffers(sentence *out, uintptr_t at)
{
    uintptr_t nearest = UINTPTR_MAX;
    const char *path = NULL, *side = "";
    uint32_t i;
    for (i = 0; i < watched->plan->result_count; i++) {
        const worker_result *r = &watched->results[i];
        uintptr_t from = (uintptr_t)r->staging, to = from + r->row_bytes;
        if (r->column == NULL)
            continue;
        if (r->staging == NULL || watched->batch != NULL) {
            from = (uintptr_t)r->column;
            to = from + watched->lane_limit * r->stride;
        }
        if (distance(at, from, to) < nearest) {
            nearest = distance(at, from, to);
            path = watched->schema->results[i].path;
            side = at < from ? "before" : "behind";
        }
    }
    if (path == NULL)
        return;
    add(out, "the run went far ");
    add(out, side);
    add(out, " the buffer of result '");
    add(out, path);
    add(out, "' (SIGSEGV)");
}

static int stack_is_full(uintptr_t at, uintptr_t pointer)
{
    if (at >= stack_from || at + BELOW_STACK_POINTER < pointer)
        return 0;
    return stack_from - at + ABOVE >= stack_limit;
}

static void handle(int number, siginfo_t *about, void *context)
{
    uintptr_t at = (uintptr_t)about->si_addr;
    sentence out = {{0}, 0};
    int true_fault = about->si_code > 0;
    if (true_fault && parameters_write(watched, at))
        return;
    if (true_fault && within(at, watched->column_memory, watched->column_memory_bytes)) {
        beyond_buffers(&out, at);
    } else if (true_fault && (within(at, watched->board, watched->board_bytes) ||
                              within(at, watched->letter, watched->letter_bytes))) {
        add(&out, "the run wrote to memory that the processes of the experiment share (SIGSEGV)");
    } else if (true_fault && stack_is_full(at, stack_pointer(context, at))) {
        add(&out, "the run needed more stack than ");
        add_number(&out, stack_limit);
        add(&out, " bytes (SIGSEGV); `stack` in the run stage gives more, such as stack = \"64M\"");
    }
    tell(&out);
    (void)signal(number, SIG_DFL);
    (void)raise(number); /* comes when this function returns, if the fault does not come again before */
}

void fault_report_to(char *reason)
{
    reason_at = reason;
}

void fault_watch(worker *w, const void *where, uint64_t stack_bytes)
{
    static char room[HANDLER_STACK];
    stack_t stack = {.ss_sp = room, .ss_size = sizeof room};
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK};
    watched = w;
    stack_from = (uintptr_t)where;
    stack_limit = stack_bytes;
    page_size = (size_t)sysconf(_SC_PAGESIZE);
    action.sa_sigaction = handle;
    sigemptyset(&action.sa_mask);
    if (sigaltstack(&stack, NULL) == 0)
        (void)sigaction(SIGSEGV, &action, NULL);
}
