cimport cython

from siprouter.sip.cseq cimport CSeq, find_method, parse_cseq
from siprouter.sip.edits cimport Edit, assemble, make_edit
from siprouter.sip.headers cimport Header, HeaderBlock, parse_number
from siprouter.sip.nameaddr cimport NameAddr, parse_nameaddr, parse_nameaddrs
from siprouter.sip.uri cimport Uri, parse_uri_at
from siprouter.sip.via cimport Via, parse_via

cdef int H_CALL_ID
cdef int H_CONTACT
cdef int H_CONTENT_LENGTH
cdef int H_CSEQ
cdef int H_FROM
cdef int H_MAX_FORWARDS
cdef int H_RECORD_ROUTE
cdef int H_ROUTE
cdef int H_TO
cdef int H_VIA
cdef int M_ACK
cdef tuple METHOD_NAMES
cdef bytes TOKEN_CHARS
cdef bytes URI_CHARS

@cython.final
cdef class Message(HeaderBlock):
    cdef readonly bint is_request
    cdef readonly str method
    cdef readonly int method_id
    cdef readonly Py_ssize_t method_end
    cdef readonly Py_ssize_t uri_start
    cdef readonly Py_ssize_t uri_end
    cdef readonly int status
    cdef readonly int defect_status
    cdef readonly bint answerable
    cdef readonly Py_ssize_t content_length
    cdef readonly Py_ssize_t surplus
    cdef readonly CSeq cseq
    cdef public list edits
    cdef str _uri
    cdef Uri _parsed_uri
    cdef readonly Via via
    cdef NameAddr _from
    cdef NameAddr _to
    cdef str _call_id
    cdef bytes _body
    cdef dict _addresses

    cpdef str uri_text(self)

    cpdef Uri uri_parts(self)

    @cython.locals(header=Header)
    cpdef str call_id_text(self)

    cpdef NameAddr from_address(self)

    cpdef NameAddr to_address(self)

    @cython.locals(header=Header, via=Via, pos=Py_ssize_t)
    cpdef list vias(self)

    @cython.locals(header=Header)
    cpdef NameAddr address(self, int header_id)

    @cython.locals(header=Header, found=list)
    cpdef list addresses(self, int header_id)

    cpdef list contacts(self)

    cpdef list routes(self)

    cpdef list record_routes(self)

    cpdef delete(self, Py_ssize_t start, Py_ssize_t length)

    cpdef insert(self, Py_ssize_t pos, bytes data)

    cpdef replace(self, Py_ssize_t start, Py_ssize_t length, bytes data)

    cpdef append_header(self, bytes data)

    cpdef insert_header(self, bytes data)

    cpdef replace_body(self, bytes data)

    cdef void _read(self) except *

    @cython.locals(p="const unsigned char *", tok="const unsigned char *", i=Py_ssize_t, end=Py_ssize_t, stop=Py_ssize_t,
                   headers_start=Py_ssize_t)
    cdef Py_ssize_t _read_start_line(self) except -1

    @cython.locals(p="const unsigned char *", chars="const unsigned char *", i=Py_ssize_t, start=Py_ssize_t,
                   version=bytes)
    cdef void _read_request_line(self, Py_ssize_t pos, Py_ssize_t stop) except *

    @cython.locals(p="const unsigned char *", line=bytes)
    cdef void _read_status_line(self, Py_ssize_t stop) except *

    @cython.locals(via=Header, from_=Header, to=Header, call_id=Header, cseq=Header, length=Header, header=Header,
                   number=int)
    cdef void _check_headers(self) except *

    @cython.locals(p="const unsigned char *", stop=Py_ssize_t)
    cdef void _check_length(self, Header header) except *

    cdef void _check_cseq(self, Header header) except *

@cython.locals(msg=Message)
cdef Message _read_message(bytes buf)

@cython.locals(p="const unsigned char *", msg=Message)
cpdef Message parse_message(bytes buf)
