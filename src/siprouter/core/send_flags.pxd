from siprouter.core.context cimport Context
from siprouter.transport.endpoint cimport Listener

cdef int ENDPOINT_MASK

cpdef int forward_flags(unsigned int send_flags) except -1
cpdef int reply_flags(unsigned int send_flags) except -1
cpdef int large_message_proto(unsigned int send_flags) except -1
cpdef Listener as_advertised(Context ctx, Listener listener)
