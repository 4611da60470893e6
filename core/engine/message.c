/* message.c: messages between the supervisor and the model host. */
#include "engine/message.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef struct message_head {
    uint32_t kind;
    uint32_t reserved;
    uint64_t size;
} message_head;

static int send_all(int socket, const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size > 0) {
        ssize_t sent = send(socket, at, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return errno;
        at += sent;
        size -= (size_t)sent;
    }
    return 0;
}

int message_send(int socket, uint32_t kind, const void *bytes, size_t size)
{
    message_head head = {kind, 0, size};
    int failure = send_all(socket, &head, sizeof head);
    return failure != 0 ? failure : send_all(socket, bytes, size);
}

static double monotonic(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int receive_all(int socket, double deadline, void *bytes, size_t size)
{
    char *at = bytes;
    while (size > 0) {
        struct pollfd wait = {socket, POLLIN, 0};
        int milliseconds = -1;
        ssize_t got;
        if (deadline >= 0) {
            double left = deadline - monotonic();
            milliseconds = left <= 0 ? 0 : (int)(left * 1000) + 1;
        }
        got = poll(&wait, 1, milliseconds);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            return PIPETTE_E_TIMEOUT;
        got = recv(socket, at, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return PIPETTE_E_CRASHED;
        at += got;
        size -= (size_t)got;
    }
    return PIPETTE_OK;
}

int message_receive(int socket, double seconds, uint32_t *kind, void **bytes, size_t *size)
{
    double deadline = seconds < 0 ? -1 : monotonic() + seconds;
    message_head head;
    int status = receive_all(socket, deadline, &head, sizeof head);
    *bytes = NULL;
    if (status != PIPETTE_OK)
        return status;
    *kind = head.kind;
    *size = (size_t)head.size;
    *bytes = malloc(*size + 1);
    if (*bytes == NULL)
        return PIPETTE_E_MEMORY;
    status = receive_all(socket, deadline, *bytes, *size);
    if (status != PIPETTE_OK) {
        free(*bytes);
        *bytes = NULL;
    }
    return status;
}
