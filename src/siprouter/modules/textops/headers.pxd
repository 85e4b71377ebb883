cimport cython

from siprouter.core.context cimport Context
from siprouter.modules.textops.args cimport HeaderName, Methods
from siprouter.sip.headers cimport Header
from siprouter.sip.message cimport Message
from siprouter.util.text cimport to_bytes, to_str

cdef int H_OTHER
cdef int H_PRIVACY

cpdef list find_all(Message msg, HeaderName name)
cpdef bytes whole_lines(str text)

@cython.locals(msg=Message, found=list, first=Header)
cpdef int append_hf(inst, Context ctx, str text, HeaderName name=*) except -2

@cython.locals(msg=Message, found=list, first=Header)
cpdef int insert_hf(inst, Context ctx, str text, HeaderName name=*) except -2

cpdef int append_to_reply(inst, Context ctx, str text) except -2

@cython.locals(header=Header)
cdef int _delete(Message msg, list headers) except -2

cpdef int remove_hf(inst, Context ctx, HeaderName name) except -2
cpdef int is_present_hf(inst, Context ctx, HeaderName name) except -2
cpdef int is_method(inst, Context ctx, Methods methods) except -2
