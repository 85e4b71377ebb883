cimport cython

from siprouter.sip.edits cimport Edit, assemble, make_edit
from siprouter.sip.headers cimport Header
from siprouter.sip.message cimport Message
from siprouter.sip.nameaddr cimport NameAddr
from siprouter.sip.via cimport Via

cdef bytes NO_BODY
cdef int H_CALL_ID
cdef int H_CSEQ
cdef int H_FROM
cdef int H_RECORD_ROUTE
cdef int H_ROUTE
cdef int H_TIMESTAMP
cdef int H_TO
cdef int H_VIA

@cython.locals(done=list, top=Header)
cpdef bytes build_forward(Message msg, object uri, bytes via, list edits=*, str received=*, int rport=*, bytes routes=*,
                          bint need_length=*)

@cython.locals(extra=str, size=Py_ssize_t)
cpdef via_edits(Via via, str received, int rport, list edits)

@cython.locals(done=list, top=Header, rest=Py_ssize_t)
cpdef bytes build_forward_reply(Message msg, list edits=*, bint need_length=*)

@cython.locals(p="const unsigned char *")
cdef Py_ssize_t _next_value(bytes buf, Py_ssize_t pos, Py_ssize_t end) except -1

@cython.locals(parts=list, edits=list, dialog=bint, sound=bint, p="const unsigned char *", start=Py_ssize_t, stop=Py_ssize_t, header=Header, number=int)
cpdef bytes build_reply(Message msg, int status, str reason, str to_tag=*, bytes headers=*, bytes body=*, str received=*,
                        int rport=*)

@cython.locals(p="const unsigned char *", edit=Edit)
cdef Py_ssize_t _splice_via(bytes buf, Py_ssize_t start, list edits, list parts) except -1

@cython.locals(to=NameAddr)
cpdef bint needs_tag(Message msg, Header header) except -1

@cython.locals(to=Header)
cpdef bytes build_ack(Message sent, Message reply, bytes headers=*)

@cython.locals(to=Header)
cpdef bytes build_cancel(Message sent, bytes headers=*)

@cython.locals(via_header=Header, from_header=Header, call_id=Header, header=Header, buf=bytes, parts=list)
cdef bytes _hop_request(Message sent, bytes method, bytes to_line, bytes headers)

@cython.locals(data=bytes, p="const unsigned char *", i=Py_ssize_t, size=Py_ssize_t)
cpdef bytes one_word(str text)

@cython.locals(data=bytes, p="const unsigned char *", i=Py_ssize_t, size=Py_ssize_t)
cpdef bytes one_line(str text)

cpdef bytes build_request(str method, str uri, bytes via, str from_, str to, str call_id, long cseq, bytes headers=*,
                          bytes body=*, int max_forwards=*)
