"""Thin wrappers of system calls that Python lacks: recvmmsg, sendto without address parsing, raw IPv4 sends.

Without this module `datagrams.py` does the same through `socket`.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.errno cimport errno, EINVAL
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset, strlen
from libc.stdint cimport uint16_t, uint32_t, uint64_t

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL

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
    ssize_t sendmsg(int fd, const msghdr *message, int flags) nogil
    int recvmmsg(int fd, mmsghdr *messages, unsigned int count, int flags, void *timeout) nogil
    ssize_t sendto(int fd, const void *data, size_t size, int flags, const sockaddr *to, socklen_t length) nogil
    int inet_pton(int family, const char *text, void *into) nogil
    uint16_t htons(uint16_t port) nogil
    uint16_t ntohs(uint16_t port) nogil
    uint32_t htonl(uint32_t address) nogil
    uint32_t ntohl(uint32_t address) nogil


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
        """What waits on `fd`: [(data, source), ...]. Raises OSError; never blocks.

        A source over IPv4 is a number, address << 16 | port; any other the raw sockaddr.
        """
        cdef int i, found
        cdef sockaddr_in *v4
        cdef bytes data, name
        cdef list result = []
        for i in range(self.count):
            self.messages[i].msg_hdr.msg_namelen = sizeof(sockaddr_storage)
        found = recvmmsg(fd, self.messages, self.count, MSG_DONTWAIT, NULL)
        if found < 0:
            raise OSError(errno, "recvmmsg")
        for i in range(found):
            data = PyBytes_FromStringAndSize(self.buffer + i * self.size, self.messages[i].msg_len)
            v4 = <sockaddr_in *>&self.names[i]
            if v4.sin_family == AF_INET:
                result.append((data, <uint64_t>ntohl(v4.sin_addr.s_addr) << 16 | ntohs(v4.sin_port)))
            else:
                name = PyBytes_FromStringAndSize(<char *>v4, self.messages[i].msg_hdr.msg_namelen)
                result.append((data, name))
        return result


cdef bint read_ipv4(const char *text, Py_ssize_t size, in_addr *into) noexcept:
    """A dotted quad as inet_pton reads it, in a quarter of its time; False where it is none."""
    cdef uint32_t address = 0
    cdef unsigned int value = 0
    cdef int digits = 0, parts = 1
    cdef Py_ssize_t i
    for i in range(size):
        if c'0' <= text[i] <= c'9':
            if digits and value == 0:
                return False
            value = value * 10 + <unsigned int>(text[i] - c'0')
            digits += 1
            if value > 255:
                return False
        elif text[i] == c'.' and digits and parts < 4:
            address = address << 8 | value
            parts += 1
            digits = 0
            value = 0
        else:
            return False
    into.s_addr = htonl(address << 8 | value)
    return parts == 4 and digits > 0


def send_datagram(int fd, bytes data, str ip, int port, int family, unsigned int scope):
    """Sends one datagram; returns 0 or an errno. Never blocks."""
    cdef sockaddr_in v4
    cdef sockaddr_in6 v6
    cdef Py_ssize_t size = 0
    cdef const char *text
    cdef ssize_t sent
    if not PyUnicode_IS_ASCII(ip):
        return EINVAL
    text = PyUnicode_AsUTF8AndSize(ip, &size)
    if strlen(text) != <size_t>size or not 0 <= port <= 65535:
        return EINVAL
    if family == AF_INET:
        memset(&v4, 0, sizeof(v4))
        v4.sin_family = AF_INET
        v4.sin_port = htons(<uint16_t>port)
        if not read_ipv4(text, size, &v4.sin_addr):
            return EINVAL
        sent = sendto(fd, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), MSG_DONTWAIT, <sockaddr *>&v4, sizeof(v4))
    else:
        memset(&v6, 0, sizeof(v6))
        v6.sin6_family = AF_INET6
        v6.sin6_port = htons(<uint16_t>port)
        v6.sin6_scope_id = scope
        if inet_pton(AF_INET6, text, &v6.sin6_addr) != 1:
            return EINVAL
        sent = sendto(fd, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), MSG_DONTWAIT, <sockaddr *>&v6, sizeof(v6))
    return errno if sent < 0 else 0


cdef unsigned int add_words(const unsigned char *data, Py_ssize_t size, unsigned int total) noexcept:
    """The sum of 16-bit words for an Internet checksum; no datagram is long enough to overflow it."""
    cdef Py_ssize_t i = 0
    while i + 1 < size:
        total += <unsigned int>data[i] << 8 | data[i + 1]
        i += 2
    if i < size:
        total += <unsigned int>data[i] << 8
    return total


def send_raw_udp4(int fd, bytes data, bytes source, int source_port, str ip, int port, int ttl, int tos):
    """Sends one IPv4 UDP packet with headers made here on a raw socket; returns 0 or an errno. Never blocks.

    `source`: 4 octets. The system fills in identification and IP checksum.
    """
    cdef unsigned char headers[28]
    cdef sockaddr_in to
    cdef iovec parts[2]
    cdef msghdr message
    cdef bytes text = ip.encode("ascii", "replace")
    cdef Py_ssize_t size = PyBytes_GET_SIZE(data)
    cdef unsigned int length = <unsigned int>size + 8, total
    cdef bint bad = not 0 <= port <= 65535 or not 0 <= source_port <= 65535 or not 0 <= ttl <= 255 or not 0 <= tos <= 255
    if bad or size > 65507 or PyBytes_GET_SIZE(source) != 4:
        return EINVAL
    if strlen(PyBytes_AS_STRING(text)) != <size_t>PyBytes_GET_SIZE(text):
        return EINVAL
    memset(&to, 0, sizeof(to))
    memset(headers, 0, 28)
    to.sin_family = AF_INET
    if inet_pton(AF_INET, PyBytes_AS_STRING(text), &to.sin_addr) != 1:
        return EINVAL
    headers[0] = 0x45
    headers[1] = tos
    headers[2] = (length + 20) >> 8 & 0xFF
    headers[3] = (length + 20) & 0xFF
    headers[8] = ttl
    headers[9] = 17
    memcpy(headers + 12, PyBytes_AS_STRING(source), 4)
    memcpy(headers + 16, &to.sin_addr, 4)
    headers[20] = source_port >> 8
    headers[21] = source_port & 0xFF
    headers[22] = port >> 8
    headers[23] = port & 0xFF
    headers[24] = length >> 8 & 0xFF
    headers[25] = length & 0xFF
    # addresses, ports, length, and the protocol and length once more: the pseudo header of RFC 768
    total = add_words(headers + 12, 16, 17 + length)
    total = add_words(<const unsigned char *>PyBytes_AS_STRING(data), size, total)
    total = (total & 0xFFFF) + (total >> 16)
    total = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
    if total == 0:
        total = 0xFFFF
    headers[26] = total >> 8
    headers[27] = total & 0xFF
    parts[0].iov_base = headers
    parts[0].iov_len = 28
    parts[1].iov_base = PyBytes_AS_STRING(data)
    parts[1].iov_len = size
    memset(&message, 0, sizeof(message))
    message.msg_name = &to
    message.msg_namelen = sizeof(to)
    message.msg_iov = parts
    message.msg_iovlen = 2
    return errno if sendmsg(fd, &message, MSG_DONTWAIT) < 0 else 0
