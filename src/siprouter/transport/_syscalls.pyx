"""Thin wrappers of system calls that Python lacks: recvmmsg, and sendto without address parsing.

Without this module `datagrams.py` does the same through `socket`.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.errno cimport errno, EINVAL
from libc.stdlib cimport calloc, free
from libc.string cimport memset, strlen
from libc.stdint cimport uint16_t, uint32_t

cdef extern from *:
    """
    #ifndef _GNU_SOURCE
    #define _GNU_SOURCE
    #endif
    #include <sys/socket.h>
    #include <netinet/in.h>
    #include <arpa/inet.h>
    """
    enum: AF_INET, AF_INET6, MSG_DONTWAIT, MSG_TRUNC
    ctypedef unsigned int socklen_t
    struct iovec:
        void *iov_base
        size_t iov_len
    struct msghdr:
        void *msg_name
        socklen_t msg_namelen
        iovec *msg_iov
        size_t msg_iovlen
        int msg_flags
    struct mmsghdr:
        msghdr msg_hdr
        unsigned int msg_len
    struct in_addr:
        uint32_t s_addr
    struct sockaddr:
        pass
    struct sockaddr_in:
        uint16_t sin_family
        uint16_t sin_port
        in_addr sin_addr
    struct in6_addr:
        pass
    struct sockaddr_in6:
        uint16_t sin6_family
        uint16_t sin6_port
        in6_addr sin6_addr
        uint32_t sin6_scope_id
    struct sockaddr_storage:
        pass
    int recvmmsg(int fd, mmsghdr *messages, unsigned int count, int flags, void *timeout) nogil
    ssize_t sendto(int fd, const void *data, size_t size, int flags, const sockaddr *to, socklen_t length) nogil
    int inet_pton(int family, const char *text, void *into) nogil
    uint16_t htons(uint16_t port) nogil


cdef class Inbox:
    """Buffers for up to `count` datagrams of up to `size` bytes, used again for each receive."""

    cdef int count
    cdef size_t size
    cdef char *buffer
    cdef mmsghdr *messages
    cdef iovec *vectors
    cdef sockaddr_storage *names

    def __cinit__(self, int count, int size):
        cdef int i
        self.count = count
        self.size = size
        self.buffer = <char *>calloc(count, size)
        self.messages = <mmsghdr *>calloc(count, sizeof(mmsghdr))
        self.vectors = <iovec *>calloc(count, sizeof(iovec))
        self.names = <sockaddr_storage *>calloc(count, sizeof(sockaddr_storage))
        if self.buffer == NULL or self.messages == NULL or self.vectors == NULL or self.names == NULL:
            raise MemoryError
        for i in range(count):
            self.vectors[i].iov_base = self.buffer + i * self.size
            self.vectors[i].iov_len = self.size
            self.messages[i].msg_hdr.msg_iov = &self.vectors[i]
            self.messages[i].msg_hdr.msg_iovlen = 1
            self.messages[i].msg_hdr.msg_name = &self.names[i]

    def __dealloc__(self):
        free(self.buffer)
        free(self.messages)
        free(self.vectors)
        free(self.names)

    def receive(self, int fd):
        """What waits on `fd`: [(data, raw sockaddr), ...]. Raises OSError; never blocks."""
        cdef int i, found
        cdef list result = []
        for i in range(self.count):
            self.messages[i].msg_hdr.msg_namelen = sizeof(sockaddr_storage)
        found = recvmmsg(fd, self.messages, self.count, MSG_DONTWAIT, NULL)
        if found < 0:
            raise OSError(errno, "recvmmsg")
        for i in range(found):
            result.append((
                PyBytes_FromStringAndSize(self.buffer + i * self.size, self.messages[i].msg_len),
                PyBytes_FromStringAndSize(<char *>&self.names[i], self.messages[i].msg_hdr.msg_namelen),
            ))
        return result


def send_datagram(int fd, bytes data, str ip, int port, int family, unsigned int scope):
    """Sends one datagram; returns 0 or an errno. Never blocks."""
    cdef sockaddr_in v4
    cdef sockaddr_in6 v6
    cdef bytes text = ip.encode("ascii", "replace")
    cdef ssize_t sent
    if strlen(PyBytes_AS_STRING(text)) != <size_t>PyBytes_GET_SIZE(text) or not 0 <= port <= 65535:
        return EINVAL
    if family == AF_INET:
        memset(&v4, 0, sizeof(v4))
        v4.sin_family = AF_INET
        v4.sin_port = htons(<uint16_t>port)
        if inet_pton(AF_INET, PyBytes_AS_STRING(text), &v4.sin_addr) != 1:
            return EINVAL
        sent = sendto(fd, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), MSG_DONTWAIT, <sockaddr *>&v4, sizeof(v4))
    else:
        memset(&v6, 0, sizeof(v6))
        v6.sin6_family = AF_INET6
        v6.sin6_port = htons(<uint16_t>port)
        v6.sin6_scope_id = scope
        if inet_pton(AF_INET6, PyBytes_AS_STRING(text), &v6.sin6_addr) != 1:
            return EINVAL
        sent = sendto(fd, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), MSG_DONTWAIT, <sockaddr *>&v6, sizeof(v6))
    return errno if sent < 0 else 0
