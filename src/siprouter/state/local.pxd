cdef class Entry:
    cdef public object value
    cdef public double expires
    cdef public long filed


cdef class LocalTable:
    cdef public str name
    cdef public double ttl
    cdef public object record
    cdef public object revise
    cdef public double interval
    cdef public bint lasting
    cdef public double sweep_at
    cdef public dict entries
    cdef object _clock
    cdef dict _keys_by_second
    cdef list _seconds
    cdef public Py_ssize_t filings

    cpdef object get(self, str key)
    cpdef put(self, str key, object value, double ttl=*)
    cpdef bint replace(self, str key, object expected, object value, double ttl=*)
    cpdef object add(self, str key, object amount, double ttl=*)
    cpdef bint touch(self, str key, double ttl)
    cpdef bint delete(self, str key)
    cpdef Py_ssize_t sweep(self, Py_ssize_t limit=*)
    cdef _check(self, object value)
    cdef bint _is_over(self, Entry entry)
    cdef _set_ttl(self, str key, Entry entry, double ttl)
    cdef _file(self, str key, Entry entry, long second)
    cdef _file_anew(self)
    cdef _sweep_key(self, str key, long second, double now)


cpdef bint is_plain(object value)


cdef class LocalCounter:
    cdef public object value
    cpdef object get(self)
    cpdef object add(self, object amount=*)
    cpdef set(self, object value)


cdef class LocalQueue:
    cdef public Py_ssize_t max_length
    cdef object _values
    cpdef bint push(self, object value)
    cpdef object pop(self)
