cdef class Store:
    cdef public object lmdb
    cdef public object directory
    cdef public object env
    cdef public long long limit
    cdef public long long size
    cdef public str problem
    cdef public long refusals
    cdef public object txn
    cdef object _begin
    cdef object _resized
    cdef int _descriptor
    cdef long long _looked
    cdef long long _page

    cpdef reader(self)
    cpdef done(self, object txn)
    cpdef begin(self)
    cpdef open_section(self)
    cpdef close_section(self, bint well)
    cpdef abort(self, object txn)
    cpdef check_room(self, object txn)
    cpdef bint lacks_room(self) except -1
    cpdef long long used(self) except -1


cdef class Area:
    cdef public object data
    cdef public object due
    cdef public object meta
