/* stack.c: goes on with another stack. */
#include "engine/stack.h"

#include <errno.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef SANITIZED
#include <sanitizer/common_interface_defs.h>
#endif

/* A function whose frame is larger than this could step over it. */
#define FORBIDDEN ((size_t)1 << 20)

/* makecontext() passes integers only. */
static void (*next_function)(void *user);
static void *next_user;

static void go_on(void)
{
#ifdef SANITIZED
    __sanitizer_finish_switch_fiber(NULL, NULL, NULL);
#endif
    next_function(next_user);
}

int stack_switch(size_t bytes, void (*function)(void *user), void *user)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    static ucontext_t context;
    unsigned char *memory;
    bytes = (bytes + page - 1) / page * page;
    memory = mmap(NULL, bytes + FORBIDDEN, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED)
        return errno;
    if (mprotect(memory + FORBIDDEN, bytes, PROT_READ | PROT_WRITE) != 0 || getcontext(&context) != 0)
        return errno;
    context.uc_stack.ss_sp = memory + FORBIDDEN;
    context.uc_stack.ss_size = bytes;
    context.uc_link = NULL;
    next_function = function;
    next_user = user;
    makecontext(&context, go_on, 0);
#ifdef SANITIZED
    __sanitizer_start_switch_fiber(NULL, memory + FORBIDDEN, bytes);
#endif
    (void)setcontext(&context);
    return errno;
}
