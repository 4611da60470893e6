/* message.c: messages between the supervisor and the model host. */
#include "engine/message.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
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

/* ---- Without waiting ---- */

/* No message is longer: the plan of ten million single runs takes 240 MB. */
#define MESSAGE_LIMIT ((uint64_t)1 << 34)

int message_flush(message_channel *channel)
{
    size_t at = 0;
    int status = PIPETTE_OK;
    while (at < channel->out.size) {
        ssize_t sent =
            send(channel->socket, channel->out.data + at, channel->out.size - at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        if (sent < 0) {
            status = PIPETTE_E_CRASHED;
            break;
        }
        at += (size_t)sent;
    }
    if (at == channel->out.size) {
        wire_free(&channel->out);
    } else if (at > 0) {
        memmove(channel->out.data, channel->out.data + at, channel->out.size - at);
        channel->out.size -= at;
    }
    return status;
}

int message_post(message_channel *channel, uint32_t kind, const void *bytes, size_t size)
{
    message_head head = {kind, 0, size};
    if (channel->socket < 0)
        return PIPETTE_E_CRASHED;
    wire_put(&channel->out, &head, sizeof head);
    wire_put(&channel->out, bytes, size);
    return channel->out.failed ? PIPETTE_E_MEMORY : message_flush(channel);
}

int message_take(message_channel *channel, uint32_t *kind, void **bytes, size_t *size)
{
    wire *in = &channel->in;
    message_head head;
    *bytes = NULL;
    *size = 0;
    for (;;) {
        unsigned char block[4096];
        ssize_t got;
        if (in->size >= sizeof head) {
            memcpy(&head, in->data, sizeof head);
            if (head.size > MESSAGE_LIMIT)
                return PIPETTE_E_CRASHED;
            if (in->size - sizeof head >= head.size)
                break;
        }
        got = channel->socket < 0 ? 0 : recv(channel->socket, block, sizeof block, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return PIPETTE_E_TIMEOUT;
        if (got <= 0)
            return PIPETTE_E_CRASHED;
        wire_put(in, block, (size_t)got);
        if (in->failed)
            return PIPETTE_E_MEMORY;
    }
    *kind = head.kind;
    *size = (size_t)head.size;
    *bytes = malloc(*size + 1);
    if (*bytes == NULL)
        return PIPETTE_E_MEMORY;
    memcpy(*bytes, in->data + sizeof head, *size);
    in->size -= sizeof head + *size;
    memmove(in->data, in->data + sizeof head + *size, in->size);
    return PIPETTE_OK;
}

void message_close(message_channel *channel)
{
    if (channel->socket >= 0)
        (void)close(channel->socket);
    channel->socket = -1;
    wire_free(&channel->out);
    wire_free(&channel->in);
}

/* ---- Notices ---- */

typedef union descriptor_room {
    struct cmsghdr head;
    char bytes[CMSG_SPACE(sizeof(int))];
} descriptor_room;

int notice_send(int socket, notice_kind kind, uint32_t value, int descriptor)
{
    notice packet = {(uint32_t)kind, value};
    struct iovec part = {&packet, sizeof packet};
    descriptor_room room = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor >= 0) {
        struct cmsghdr *head;
        message.msg_control = room.bytes;
        message.msg_controllen = sizeof room.bytes;
        head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(head), &descriptor, sizeof descriptor);
    }
    while (sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        if (errno != EINTR)
            return errno;
    return 0;
}

int notice_receive(int socket, notice *out, int *descriptor)
{
    struct iovec part = {out, sizeof *out};
    descriptor_room room = {0};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof room.bytes};
    struct cmsghdr *head;
    ssize_t got;
    *descriptor = -1;
    do
        got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return 0;
    if (got != (ssize_t)sizeof *out)
        return -1;
    for (head = CMSG_FIRSTHDR(&message); head != NULL; head = CMSG_NXTHDR(&message, head))
        if (head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
            memcpy(descriptor, CMSG_DATA(head), sizeof *descriptor);
    return 1;
}
