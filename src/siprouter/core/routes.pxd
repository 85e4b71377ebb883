cdef class CompiledRoute:
    cdef public int kind
    cdef public str name
    cdef public object run
    cdef public bint waits
    cdef public CompiledRoute immediate


cdef class Script:
    cdef public object version
    cdef public str source
    cdef public tuple files
    cdef public CompiledRoute request_route
    cdef public CompiledRoute reply_route
    cdef public CompiledRoute onsend_route
    cdef public CompiledRoute error_route
    cdef public dict routes
    cdef public dict failure_routes
    cdef public dict onreply_routes
    cdef public dict branch_routes
    cdef public dict event_routes
    cdef public dict namespace
    cdef public tuple foreign
    cdef public dict native_lines
    cdef public object observed
    cdef public dict counterparts
    cdef public dict parts
    cdef dict __dict__
    cdef object __weakref__

    cpdef dict table(self, int kind)
